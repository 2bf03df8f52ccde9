"""``ltr score``: a model and a log in, scores by query out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.config import Format
from pipelines.errors import JobError
from pipelines.progress import Progress
from pipelines.scoring import Scored, score_log


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreJob:
    """What to score; see `pipelines.scoring.score_log`."""

    model: Path
    log: str
    out: Path
    keep: tuple[str, ...]
    query: str | None
    document: str | None
    kind: Format | None
    last_day: date | None
    days: int
    memory: int
    most_rows: int | None


def run(job: ScoreJob, progress: Progress) -> str:
    """Write the scores and say what was written.

    Raises:
        LogError: The log cannot be read, or not as the model needs it.
        ModelError: There is no model, or it gives scores that are not finite.
        JobError: Another process writes the same folder.
    """
    with _locked(job.out):
        scored = score_log(
            job.model,
            job.log,
            job.out,
            progress,
            memory=job.memory,
            keep=job.keep,
            query=job.query,
            document=job.document,
            kind=job.kind,
            last_day=job.last_day,
            days=job.days,
            most_rows=job.most_rows,
        )
    return _summary(job.out, scored)


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Hold the folder of the scores; the lock of a killed process is no lock."""
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out.absolute().with_name(f".{out.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        msg = f"{out}: another job is writing this folder"
        raise JobError(msg) from None
    try:
        yield
    finally:
        lock.release()


def _summary(out: Path, scored: Scored) -> str:
    lines = [
        f"wrote {out}",
        f"{scored.rows:,} of {scored.read:,} rows of {scored.queries:,} queries scored",
    ]
    lines += [f"  {number:,} not: {reason}" for reason, number in scored.rejected.items()]
    return "\n".join(lines)
