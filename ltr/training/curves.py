"""The numbers of a training that somebody may want to see as curves, thinned out."""

import time
from typing import NamedTuple

from ltr.training.checkpoint import EpochRecord
from ltr.training.progress import StepRecord


class Point(NamedTuple):
    """What some steps came to together."""

    step: int
    """The last of them."""
    values: dict[str, float]
    """By the curve's name."""


class Thinned:
    """Steps become points: at most one in ``every`` seconds, each over all steps since the last.

    Args:
        every: Seconds; 0 for a point per step.

    Example:
        >>> thinned = Thinned(every=0)
        >>> step = StepRecord(
        ...     epoch=1, batch=1, step=1, loss=0.5, documents=90, seconds=0.3, waited=0.0
        ... )
        >>> point = thinned.add(step)
        >>> round(point.values["speed/documents per second"])
        300
    """

    def __init__(self, every: float = 1.0) -> None:
        self._every, self._next = every, 0.0
        self._steps: list[StepRecord] = []

    def add(self, record: StepRecord) -> Point | None:
        """Take a step; gives a point when it is time for one."""
        self._steps.append(record)
        now = time.monotonic()
        if now < self._next:
            return None
        self._next = now + self._every
        steps, self._steps = self._steps, []
        seconds = sum(step.seconds for step in steps)
        values = {
            "training/loss": sum(step.loss for step in steps) / len(steps),
            "learning rate/dense": record.learning_rate,
            "learning rate/tables": record.table_learning_rate,
            "speed/documents per second": sum(step.documents for step in steps) / seconds,
            "speed/share of time waiting for data": sum(step.waited for step in steps) / seconds,
        }
        return Point(record.step, values)


def of_epoch(record: EpochRecord, validate_by: str) -> dict[str, float]:
    """The values of an epoch, by the curve's name."""
    values = {
        "epoch/training loss": record.train_loss,
        "epoch/validation NDCG@10": record.validation_ndcg,
    }
    if record.validation_value is not None:
        values[f"epoch/validation {validate_by}"] = record.validation_value
    return values
