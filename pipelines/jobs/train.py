"""``ltr train``: lists on disk in, a model out."""

from ltr.training import EpochRecord, train
from ltr.training.objective import Objective
from pipelines.config import Job
from pipelines.jobs.folders import Folders
from pipelines.progress import Progress, Step


def run(job: Job, folders: Folders, progress: Progress) -> str:
    """Train on ``lists``, write ``model`` and say what was made.

    Raises:
        ListsError: There are no lists, or they are not as their manifest says.
        NonFiniteError: The loss or a gradient was not finite.
    """
    with progress.step("epochs") as step:
        history = train(folders.lists, folders.model, job.recipe, _Shown(step, job))
    best = max((one for one in history if one.is_best), key=lambda one: one.epoch)
    return (
        f"wrote {folders.model}\nepoch {best.epoch} of {len(history)}, "
        f"validation NDCG@10 {best.validation_ndcg:.4f}"
    )


def check_loss(job: Job) -> None:
    """Refuse an unknown loss or wrong arguments of it, before any work is done.

    Raises:
        RecipeError: No loss has this name (the nearest is told), or it refuses its arguments.
    """
    Objective.of(job.loss)


class _Shown:
    """Shows a training as a step of the job."""

    def __init__(self, step: Step, job: Job) -> None:
        self._step, self._epochs = step, job.training.epochs

    def start(self, *, num_lists: int, num_left_out: int, num_batches: int) -> None:
        """Say what is trained on."""
        self._step.expect(num_batches * self._epochs)
        left_out = f", {num_left_out:,} of one grade left out" if num_left_out else ""
        self._step.say(f"{num_lists:,} lists in {num_batches:,} batches{left_out}")

    def batch(self, epoch: int, batch: int) -> None:  # noqa: ARG002 - the protocol's arguments
        """Move the bar."""
        self._step.advance()

    def epoch(self, record: EpochRecord) -> None:
        """Say how good the epoch was."""
        self._step.say(
            f"epoch {record.epoch}, loss {record.train_loss:.4f}, "
            f"validation NDCG@10 {record.validation_ndcg:.4f}{' *' if record.is_best else ''}"
        )
