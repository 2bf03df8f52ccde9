"""``ltr train``: lists on disk in, a model out."""

from contextlib import ExitStack

from ltr.training import (
    EpochRecord,
    LostRankError,
    SnapshotPolicy,
    Start,
    StepRecord,
    Together,
    WarmStart,
    train,
)
from ltr.training import (
    Progress as Watcher,
)
from ltr.training.objective import Objective
from ltr.training.selection import Selection
from pipelines.config import Job
from pipelines.jobs.folders import Folders
from pipelines.jobs.ranks import wait_for_launcher
from pipelines.progress import Progress, Step
from pipelines.warm_start import in_words, warm_start


def run(
    job: Job,
    folders: Folders,
    progress: Progress,
    *,
    profile: bool = False,
    unattended: bool = False,
) -> str:
    """Train on ``lists``, write ``model`` and say what was made.

    A training that was killed goes on from its last snapshot. Where a launcher started several
    processes, each calls this; rank 0 alone is heard and seen.

    Args:
        job: What to train.
        folders: Of the run.
        progress: Where to show it.
        profile: Whether to profile some steps.
        unattended: Whether it goes on, with a warning, if MLflow does not answer at the start.

    Raises:
        ListsError: There are no lists, or they are not as their manifest says.
        ModelError: The model to begin with has other features or towers.
        EncoderError: Its encoder, or that of the lists, is missing or damaged.
        NonFiniteError: The loss or a gradient was not finite; the batch was put aside.
        InterruptedTrainingError: SIGTERM came; a snapshot was taken first.
        LostRankError: Another process of the training is gone.
        MLflowError: The job asks for MLflow; it is not installed, or does not answer.
    """
    policy = SnapshotPolicy(folders.snapshots, job.checkpoints.every, job.checkpoints.keep)
    with progress.step("epochs") as step, ExitStack() as stack:
        begin = _begin(folders, step)
        watchers = _watchers(job, folders, stack, profile=profile, unattended=unattended)
        together = Together(_Shown(step, job), *watchers)
        try:
            history = train(
                folders.lists,
                folders.model,
                job.recipe,
                together,
                policy,
                aside=folders.nonfinite,
                warm_start=begin,
            )
        except LostRankError:
            wait_for_launcher()
            raise
    best = max((one for one in history if one.is_best), key=lambda one: one.epoch)
    return (
        f"wrote {folders.model}\nepoch {best.epoch} of {len(history)}, "
        f"validation NDCG@10 {best.validation_ndcg:.4f}{_other(best, job.training.validate_by)}"
    )


def _watchers(
    job: Job, folders: Folders, stack: ExitStack, *, profile: bool, unattended: bool
) -> list[Watcher]:
    """Whoever is told of the training beside the terminal; imported where it is wanted."""
    watchers: list[Watcher] = []
    if job.tracking.tensorboard:
        from ltr.training.tensorboard import TensorBoard

        watchers.append(stack.enter_context(TensorBoard(folders.tensorboard, job.recipe)))
    if job.tracking.mlflow is not None:
        from ltr.training.mlflow_run import MLflowRun

        tracked = MLflowRun(
            job.tracking.mlflow,
            experiment=job.tracking.experiment,
            name=folders.run.name,
            recipe=job.recipe,
            keep=folders.run / "mlflow-run",
            must_answer=not unattended,
        )
        watchers.append(stack.enter_context(tracked))
    if profile:
        from ltr.training.profiler import Profiler

        watchers.append(stack.enter_context(Profiler(folders.profile)))
    return watchers


def _begin(folders: Folders, step: Step) -> WarmStart | None:
    if folders.begin is None:
        return None
    begin = warm_start(folders.begin, folders.lists)
    step.say(f"begins with {folders.begin}: {in_words(begin.rows or {})}")
    return begin


def check_loss(job: Job) -> None:
    """Refuse an unknown loss or metric, or wrong arguments of it, before any work is done.

    Raises:
        RecipeError: None has this name (the nearest is told), or it refuses its arguments.
    """
    Objective.of(job.loss)
    Selection.of(job.training.validate_by)


class _Shown:
    """Shows a training as a step of the job."""

    def __init__(self, step: Step, job: Job) -> None:
        self._step, self._epochs = step, job.training.epochs
        self._documents, self._seconds, self._waited = 0, 0.0, 0.0
        self._quality, self._by = "", job.training.validate_by

    def start(self, start: Start) -> None:
        """Say what is trained on, and from where a killed training goes on."""
        self._step.expect(start.num_batches * self._epochs)
        left_out = f", {start.num_left_out:,} of one grade left out" if start.num_left_out else ""
        self._step.say(f"{start.num_lists:,} lists in {start.num_batches:,} batches{left_out}")
        if start.epoch > 1 or start.batch:
            self._step.say(f"going on after epoch {start.epoch}, batch {start.batch}")
            self._step.advance(start.step)

    def batch(self, record: StepRecord) -> None:
        """Move the bar, and say how fast it goes."""
        self._documents += record.documents
        self._seconds += record.seconds
        self._waited += record.waited
        rate, waited = self._documents / self._seconds, self._waited / self._seconds
        self._step.note(
            f"epoch {record.epoch}, loss {record.loss:.3f}{self._quality}, "
            f"{rate:,.0f} documents/s, {waited:.0%} waiting"
        )
        self._step.advance()

    def epoch(self, record: EpochRecord) -> None:
        """Say how good the epoch was."""
        other, star = _other(record, self._by), " *" if record.is_best else ""
        self._quality = f", NDCG@10 {record.validation_ndcg:.3f}{other}"
        self._step.say(
            f"epoch {record.epoch}, loss {record.train_loss:.4f}, "
            f"validation NDCG@10 {record.validation_ndcg:.4f}{other}{star}"
        )


def _other(record: EpochRecord, name: str) -> str:
    """The metric by which epochs are compared, where that is not NDCG@10."""
    return "" if record.validation_value is None else f", {name} {record.validation_value:.4f}"
