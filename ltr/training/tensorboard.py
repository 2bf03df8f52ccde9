"""A training's curves for TensorBoard."""

from pathlib import Path
from types import TracebackType
from typing import Self

from ltr.recipe import Recipe
from ltr.training.checkpoint import EpochRecord
from ltr.training.curves import Thinned, of_epoch
from ltr.training.progress import Start, StepRecord


class TensorBoard:
    """Writes what `train` tells to a folder that TensorBoard reads; close it, or use ``with``.

    A training that begins anew removes the curves of the one before it; one that goes on from a
    snapshot goes on with them, without the steps that it makes a second time.

    Args:
        folder: Of the event files.
        recipe: Written beside the curves.
        every: Seconds from one point of a curve to the next; 0 for one per step.

    Raises:
        ModuleNotFoundError: The package tensorboard is not installed (extra ``pipelines``).

    Example:
        Watch a training with ``tensorboard --logdir runs``::

            with TensorBoard(Path("runs/night/tensorboard"), recipe) as board:
                train("runs/night/lists", "runs/night/model", recipe, board)
    """

    def __init__(self, folder: Path, recipe: Recipe, *, every: float = 1.0) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._open = SummaryWriter
        self._writer: SummaryWriter | None = None
        self._folder, self._recipe = folder, recipe
        self._thinned, self._step = Thinned(every), 0

    def start(self, start: Start) -> None:
        """Open the event file; only now, because of several ranks one alone is told of this."""
        if not start.step:
            for old in self._folder.glob("events.out.tfevents.*"):
                old.unlink()
        self._step = start.step
        # Whoever reads the files drops the points of later steps, which come again.
        self._writer = writer = self._open(str(self._folder), purge_step=start.step + 1)
        recipe = self._recipe.model_dump_json(indent=2)
        writer.add_text("recipe", f"```json\n{recipe}\n```", start.step)

    def batch(self, record: StepRecord) -> None:
        """Draw the loss, the learning rates and the speed."""
        self._step = record.step
        if self._writer is not None and (point := self._thinned.add(record)):
            for name, value in point.values.items():
                self._writer.add_scalar(name, value, point.step)

    def epoch(self, record: EpochRecord) -> None:
        """Draw the quality after the epoch."""
        if self._writer is not None:
            by = self._recipe.training.validate_by
            for name, value in of_epoch(record, by).items():
                self._writer.add_scalar(name, value, self._step)
            self._writer.flush()

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()
