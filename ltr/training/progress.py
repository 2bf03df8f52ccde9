"""What a training tells whoever watches it."""

from dataclasses import dataclass
from typing import Protocol

from ltr.training.checkpoint import EpochRecord


@dataclass(frozen=True, slots=True)
class Start:
    """What a training is going to do."""

    num_lists: int
    num_left_out: int
    """Lists of fewer than two grades."""
    num_batches: int
    """Of an epoch."""
    epoch: int = 1
    """Where it begins; above 1, or with ``batch`` above 0, it goes on from a snapshot."""
    batch: int = 0
    step: int = 0
    """Batches since the first epoch began."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one batch came to."""

    epoch: int
    batch: int
    """Both count from 1."""
    step: int
    """Batches since the first epoch began."""
    loss: float
    """Mean over the lists (or blocks) of the batch, of all ranks."""
    documents: int
    """Of the batch, of all ranks."""
    seconds: float
    """From the end of the step before it."""
    waited: float
    """Seconds of them in which the model waited for the batch."""
    learning_rate: float = 0.0
    table_learning_rate: float = 0.0


class Progress(Protocol):
    """Called as the training goes on, by rank 0 alone; a job draws its bars with it."""

    def start(self, start: Start) -> None:
        """Called once, before the first batch."""

    def batch(self, record: StepRecord) -> None:
        """Called after each batch."""

    def epoch(self, record: EpochRecord) -> None:
        """Called after each epoch."""


class Silent:
    """Tells nobody."""

    def start(self, start: Start) -> None:
        """Do nothing."""

    def batch(self, record: StepRecord) -> None:
        """Do nothing."""

    def epoch(self, record: EpochRecord) -> None:
        """Do nothing."""


class Together:
    """Tells several."""

    def __init__(self, *watchers: Progress) -> None:
        self.watchers = watchers

    def start(self, start: Start) -> None:
        """Tell all of them."""
        for watcher in self.watchers:
            watcher.start(start)

    def batch(self, record: StepRecord) -> None:
        """Tell all of them."""
        for watcher in self.watchers:
            watcher.batch(record)

    def epoch(self, record: EpochRecord) -> None:
        """Tell all of them."""
        for watcher in self.watchers:
            watcher.epoch(record)
