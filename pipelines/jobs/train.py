"""``ltr train``: lists on disk in, a model out."""

from ltr.training import EpochRecord, Start, StepRecord, WarmStart, train
from ltr.training.objective import Objective
from pipelines.config import Job
from pipelines.jobs.folders import Folders
from pipelines.progress import Progress, Step
from pipelines.warm_start import in_words, warm_start


def run(job: Job, folders: Folders, progress: Progress) -> str:
    """Train on ``lists``, write ``model`` and say what was made.

    Raises:
        ListsError: There are no lists, or they are not as their manifest says.
        ModelError: The model to begin with has other features or towers.
        EncoderError: Its encoder, or that of the lists, is missing or damaged.
        NonFiniteError: The loss or a gradient was not finite.
    """
    with progress.step("epochs") as step:
        begin = _begin(folders, step)
        shown = _Shown(step, job)
        history = train(folders.lists, folders.model, job.recipe, shown, warm_start=begin)
    best = max((one for one in history if one.is_best), key=lambda one: one.epoch)
    return (
        f"wrote {folders.model}\nepoch {best.epoch} of {len(history)}, "
        f"validation NDCG@10 {best.validation_ndcg:.4f}"
    )


def _begin(folders: Folders, step: Step) -> WarmStart | None:
    if folders.begin is None:
        return None
    begin = warm_start(folders.begin, folders.lists)
    step.say(f"begins with {folders.begin}: {in_words(begin.rows or {})}")
    return begin


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
        self._documents, self._seconds, self._waited = 0, 0.0, 0.0
        self._quality = ""

    def start(self, start: Start) -> None:
        """Say what is trained on, and from where a killed training goes on."""
        self._step.expect(start.num_batches * self._epochs)
        left_out = f", {start.num_left_out:,} of one grade left out" if start.num_left_out else ""
        self._step.say(f"{start.num_lists:,} lists in {start.num_batches:,} batches{left_out}")
        if start.epoch > 1 or start.batch:
            self._step.say(f"going on after epoch {start.epoch}, batch {start.batch}")

    def batch(self, record: StepRecord) -> None:
        """Move the bar, and say how fast it goes."""
        self._documents += record.documents
        self._seconds += record.seconds
        self._waited += record.waited
        rate, waited = self._documents / self._seconds, self._waited / self._seconds
        self._step.note(
            f"epoch {record.epoch}, loss {record.loss:.4f}{self._quality}, "
            f"{rate:,.0f} documents/s, {waited:.0%} of the time waiting for data"
        )
        self._step.advance()

    def epoch(self, record: EpochRecord) -> None:
        """Say how good the epoch was."""
        self._quality = f", validation NDCG@10 {record.validation_ndcg:.4f}"
        self._step.say(
            f"epoch {record.epoch}, loss {record.train_loss:.4f}{self._quality}"
            f"{' *' if record.is_best else ''}"
        )
