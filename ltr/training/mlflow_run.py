"""A training as a run of MLflow."""

import importlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ltr.errors import LtrError
from ltr.recipe import Recipe
from ltr.training.checkpoint import EpochRecord
from ltr.training.curves import Thinned, of_epoch
from ltr.training.progress import Start, StepRecord
from ltr.training.signals import InterruptedTrainingError

log = logging.getLogger("ltr.training")


class MLflowError(LtrError):
    """MLflow is not installed, or its server does not do what it is asked."""


class MLflowRun:
    """Tells MLflow what `train` tells; use it with ``with``, so that the run gets an end.

    The recipe becomes the run's parameters. A training that goes on from a snapshot goes on with
    its run, which the file ``keep`` names.

    Args:
        uri: Of the tracking server, or of a database, e.g. ``sqlite:///mlflow.db``.
        experiment: Made if there is none of this name.
        name: Of the run.
        recipe: Its values are the run's parameters.
        keep: File that holds the run's id until the training is done.
        every: Seconds from one point of a curve to the next; 0 for one per step.
        must_answer: Whether a server that does not answer at the start is an error; else a warning,
            and the training is not tracked.

    Raises:
        MLflowError: The package mlflow is not installed.
    """

    def __init__(
        self,
        uri: str,
        *,
        experiment: str,
        name: str,
        recipe: Recipe,
        keep: Path,
        every: float = 1.0,
        must_answer: bool = True,
    ) -> None:
        try:
            self._mlflow: Any = importlib.import_module("mlflow")
        except ModuleNotFoundError as error:
            msg = "tracking.mlflow needs the package mlflow; pip install 'ltr[mlflow]'"
            raise MLflowError(msg) from error
        self._uri, self._experiment, self._name = uri, experiment, name
        self._recipe, self._keep, self._must_answer = recipe, keep, must_answer
        self._thinned, self._step = Thinned(every), 0
        self._client: Any = None
        self._run = ""

    def start(self, start: Start) -> None:
        """Make the run, or go on with it.

        Raises:
            MLflowError: The server must answer, and cannot be reached, or refuses.
        """
        self._step = start.step
        try:
            self._client = self._mlflow.MlflowClient(tracking_uri=self._uri)
            if start.step and self._keep.exists():
                self._run = self._keep.read_text(encoding="utf-8").strip()
                self._client.update_run(self._run, status="RUNNING")
            else:
                self._begin()
        except self._mlflow.exceptions.MlflowException as error:
            msg = f"tracking.mlflow: {self._uri}: {str(error).splitlines()[0]}"
            if self._must_answer:
                raise MLflowError(msg) from error
            log.warning("%s; this training is not tracked", msg)
            self._run = ""

    def batch(self, record: StepRecord) -> None:
        """Log the loss, the learning rates and the speed."""
        self._step = record.step
        if point := self._thinned.add(record):
            self._log(point.values)

    def epoch(self, record: EpochRecord) -> None:
        """Log the quality after the epoch."""
        self._log(of_epoch(record, self._recipe.training.validate_by))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._client is None or not self._run:
            return
        stopped = isinstance(error, InterruptedTrainingError | KeyboardInterrupt)
        status = "FINISHED" if error is None else "KILLED" if stopped else "FAILED"
        with self._warning():
            self._client.set_terminated(self._run, status=status)
        if error is None:
            self._keep.unlink(missing_ok=True)

    def _begin(self) -> None:
        found = self._client.get_experiment_by_name(self._experiment)
        number = found.experiment_id if found else self._client.create_experiment(self._experiment)
        self._run = self._client.create_run(number, run_name=self._name).info.run_id
        values = _flat(self._recipe.model_dump(mode="json"))
        params = [self._mlflow.entities.Param(key, str(value)) for key, value in values.items()]
        self._client.log_batch(self._run, params=params)
        self._keep.parent.mkdir(parents=True, exist_ok=True)
        self._keep.write_text(f"{self._run}\n", encoding="utf-8")

    def _log(self, values: dict[str, float]) -> None:
        if not self._run:
            return
        now = int(time.time() * 1000)
        metric = self._mlflow.entities.Metric
        # MLflow's names have no @.
        points = [
            metric(name.replace("@", " at "), value, now, self._step)
            for name, value in values.items()
        ]
        with self._warning():
            self._client.log_batch(self._run, metrics=points)

    @contextmanager
    def _warning(self) -> Iterator[None]:
        """A server that goes away while the training runs is no reason to stop it."""
        try:
            yield
        except self._mlflow.exceptions.MlflowException as error:
            log.warning("tracking.mlflow: %s: %s", self._uri, str(error).splitlines()[0])


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted keys, as in the job file."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
