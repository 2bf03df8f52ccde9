"""``ltr nightly``: one night at a time, told to whoever listens, and ended by an exit code."""

import datetime
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ltr.data.manifest import checksum
from ltr.errors import LtrError
from pipelines.config import Job, load_job
from pipelines.engines import EngineName
from pipelines.errors import ConfigError, JobError
from pipelines.jobs.folders import Folders
from pipelines.nightly.champion import Pin
from pipelines.nightly.context import STEPS, Night
from pipelines.nightly.decide import ChampionChangedError
from pipelines.nightly.end import failed, write_outcome
from pipelines.nightly.night import ORDER, run_night
from pipelines.nightly.nights import NIGHT, NIGHTS, OUTCOME, suspect
from pipelines.nightly.outcome import Exit, Outcome
from pipelines.nightly.steps import Quiet, Steps, Task, Undone
from pipelines.nightly.stop import Stop
from pipelines.report.words import number, signed
from pipelines.telemetry import EventLog, notify, open_events, tell_end, write_textfile

log = logging.getLogger("ltr.nightly")


class BusyError(JobError):
    """Another night holds the folder."""

    exit_code = Exit.BUSY


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the command line asks for.

    Attributes:
        job_file: The job file.
        date: The last day of the window; None: the job file says it.
        log: What the log's paths are relative to; None: the job file's folder.
        out: Folder of the run, instead of the job file's ``output``.
        forced: Promote whatever the gate says.
        plan: Only say what is to be done.
        engine: Who prepares.
        num_processes: Of the training.
    """

    job_file: Path
    date: datetime.date | None = None
    log: Path | None = None
    out: Path | None = None
    forced: bool = False
    plan: bool = False
    engine: EngineName = "local"
    num_processes: int = 1


def run(asked: Asked, stop: Stop) -> tuple[int, list[str]]:
    """Do a night, or say what it would do; return the exit code and what to print.

    Args:
        asked: What is to be done.
        stop: Whether somebody asked the process to stop.

    Raises:
        LtrError: Something that the night was given is wrong, or it was told to stop.
        BusyError: Another night holds the folder.
    """
    job = load_job(asked.job_file, asked.date)
    if job.date is None:
        rule = "a night needs the last day of its window: --date or date"
        raise ConfigError(key=f"{asked.job_file}: date", rule=rule)
    folders = Folders.of(_without_begin(job), asked.job_file, asked.log, asked.out)
    if asked.plan:
        return 0, _plan(_night(asked, job, folders, Quiet()))
    with (
        open_events(job.date, notify=job.notify) as events,
        _one_at_a_time(folders.run, job.nightly.wait),
    ):
        night = _night(asked, job, folders, _Told(events, stop))
        outcome = _ended(night, events, stop)
    return outcome.exit_code, in_words(outcome, night.folder)


def in_words(outcome: Outcome, folder: Path) -> list[str]:
    """Say how a night ended, for people."""
    lines = [f"night of {outcome.date}: {outcome.status} {outcome.champion or 'no model'}"]
    if outcome.difference is not None:
        values = f"{number(outcome.candidate_value)} against {number(outcome.champion_value)}"
        against = outcome.previous or "the best baseline"
        told = f"{outcome.metric} of {outcome.candidate} {values} of {against}"
        lines.append(f"  {told}: {signed(outcome.difference)}")
    lines += [f"  broken: {one.rule}: {one.says}" for one in outcome.rules if not one.passed]
    return [*lines, f"  see {folder}"]


def _without_begin(job: Job) -> Job:
    """A night begins with the champion or with nothing, whatever ``training.warm_start`` says."""
    training = job.training.model_copy(update={"warm_start": None})
    return job.model_copy(update={"training": training})


def _night(asked: Asked, job: Job, folders: Folders, watcher: "Quiet") -> Night:
    assert job.date is not None
    here = folders.run / NIGHTS / job.date.isoformat()
    before = Pin.load(here / NIGHT)
    forced = asked.forced or (before is not None and before.forced)
    return Night(
        job=_without_begin(job if forced else _without_suspects(job, folders.run / NIGHTS)),
        job_file=asked.job_file,
        log_folder=folders.log,
        output=folders.run,
        steps=Steps(here / STEPS, watcher, plan=asked.plan),
        forced=asked.forced,
        engine=asked.engine,
        num_processes=asked.num_processes,
    )


def _without_suspects(job: Job, nights: Path) -> Job:
    """Leave out the days that their own nights refused, so that one bad day costs one night."""
    if not job.nightly.quarantine or job.date is None or job.log.days is None:
        return job
    days = suspect(nights, job.date, job.log.days)
    for day in days:
        log.info("night of %s: leaves out %s, which its own night refused for drift", job.date, day)
    left_out = tuple(sorted({*job.log.leave_out, *days}))
    return job.model_copy(update={"log": job.log.model_copy(update={"leave_out": left_out})})


def _ended(night: Night, events: EventLog, stop: Stop) -> Outcome:
    """Do the night, and tell how it ended, also where it failed."""
    events.emit("night_started", f"night of {night.date}: begins", output=str(night.output))
    try:
        with stop.told():
            outcome = _anew_if_changed(night)
    except BaseException as error:
        code = _exit_code(error)
        outcome = failed(night, error, code)
        if not _is_over(night) and (night.outcome() is None or night.steps.has_begun):
            _try_to_write(night, outcome)
        _tell(night, outcome, events)
        raise
    told = {"outcome": checksum(night.folder / OUTCOME)}
    night.steps.do(Task("notify", told, lambda: _tell(night, outcome, events)))
    return outcome


def _anew_if_changed(night: Night) -> Outcome:
    """Compare anew, once, if somebody changed the champion meanwhile."""
    try:
        return run_night(night)
    except ChampionChangedError as error:
        night.say(f"{error}; it is compared with that one now")
        night.begin_anew()
        return run_night(night)


def _is_over(night: Night) -> bool:
    """Whether this run came as far as to say how the night ended."""
    record, key = night.steps.record("report"), night.steps.keys.get("report")
    return record is not None and record.done and record.key == key


def _exit_code(error: BaseException) -> int:
    if isinstance(error, LtrError):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return Exit.INTERRUPTED
    return Exit.BAD_INPUT if isinstance(error, OSError) else Exit.BUG


def _try_to_write(night: Night, outcome: Outcome) -> None:
    try:
        # What stands in outcome.json then is not what the last step leaves: that is to be done.
        (night.steps.folder / "report.json").unlink(missing_ok=True)
        write_outcome(night, outcome)
    except OSError as error:  # the disk is full or read-only; that is what is told, too
        log.warning("outcome.json of %s cannot be written: %s", night.date, error)


def _tell(night: Night, outcome: Outcome, events: EventLog) -> None:
    """Tell machines how it ended; nothing of that changes the end."""
    tell_end(events, outcome)
    config = night.job.notify
    if config.textfile:
        try:
            write_textfile(night.job_file.parent / config.textfile, outcome)
        except OSError as error:
            log.warning("notify.textfile: %s", error)
    notify(outcome, config, folder=night.job_file.parent)


def _plan(night: Night) -> list[str]:
    """Say of each step whether it is there already, or why it is to be done."""
    try:
        run_night(night)
        last, why = None, ""
    except Undone as undone:
        last, why = undone.name, undone.why
    lines = []
    for name in ORDER:
        if last is None or (name in night.steps.keys and name != last):
            there = name in night.steps.keys
            lines.append(f"{name}: {'there already' if there else 'not wanted'}")
        elif name == last:
            lines.append(f"{name}: to do, because {why}")
        elif ORDER.index(name) > ORDER.index(last):
            lines.append(f"{name}: to do after {last}")
    return lines


@contextmanager
def _one_at_a_time(output: Path, wait_s: float) -> Iterator[None]:
    """Hold the run's folder; the lock of a killed process is no lock."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock = FileLock(output / ".lock", timeout=wait_s)
        lock.acquire()
    except Timeout:
        msg = f"{output}: another night is at work here; waited {wait_s:g} s (nightly.wait)"
        raise BusyError(msg) from None
    except OSError as error:
        msg = f"{output}: the output folder cannot be written ({error.strerror})"
        raise JobError(msg) from None
    try:
        yield
    finally:
        lock.release()


class _Told(Quiet):
    """Tells the log of every step, and stops between two if somebody asked for it."""

    def __init__(self, events: EventLog, stop: Stop) -> None:
        self._events, self._stop = events, stop

    def begins(self, name: str, why: str) -> None:
        self._stop.check()
        says = f"night: {name}: to do, because {why}"
        self._events.emit("step_started", says, step=name, why=why)

    def ended(self, name: str, seconds: float, *, there: bool) -> None:
        says = f"night: {name}: " + ("there already" if there else f"done in {seconds:.1f} s")
        self._events.emit("step_finished", says, step=name, seconds=seconds, skipped=there)
        self._stop.check()
