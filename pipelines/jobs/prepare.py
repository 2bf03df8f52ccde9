"""``ltr prepare``: a log in, lists on disk out."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from ltr.atomic import replace_folder
from ltr.data.manifest import Events, Manifest, Rows, Source, Split, SplitName
from pipelines.config import Job
from pipelines.contracts import PARTS
from pipelines.encoder import Encoder
from pipelines.engines import EngineName, open_engine
from pipelines.errors import LogError
from pipelines.flow import Prepared, prepare
from pipelines.jobs.folders import Folders
from pipelines.jobs.put_shards import put, put_split
from pipelines.joints import Log, Table, fates_of
from pipelines.progress import Progress
from pipelines.second_encoding import lacking, leave_encoder, put_second
from pipelines.sources import LogFile, open_events, open_log
from pipelines.spill.budget import Plan, bytes_of_row, check_disk, plan
from pipelines.spill.work import Work, work_folder
from pipelines.stages.audit import FILE as AUDIT_FILE
from pipelines.stages.choose import choose
from pipelines.stages.drift import known, told
from pipelines.stages.read import check_clocks, numbered, place, read_events, read_parts
from pipelines.steps.attribute import EVENTS_FILE, Attributed
from pipelines.steps.grade import GIANTS_FILE, REJECTS_FILE
from pipelines.steps.partition import Context, collect
from pipelines.steps.write import Written

if TYPE_CHECKING:
    from ltr.evaluation.propensities import Curve

SAMPLE_ROWS = 20_000
FORMAT = 3
"""Of the work folder; another one is begun anew."""
UNSEEN = frozenset(
    {
        *("towers", "loss", "training", "checkpoints", "tracking", "evaluation", "drift"),
        *("output", "prepare", "nightly", "gate", "notify"),
    }
)
"""Sections of the job file that change nothing in the lists."""


def run(job: Job, folders: Folders, progress: Progress, engine: EngineName = "local") -> str:
    """Make ``lists`` of the log and say what was made.

    Raises:
        JobError: The log cannot be used as the job file says, or the disk cannot hold the work.
    """
    with progress.step("look at the log"):
        log = open_tables(job, folders)
    return _summary(folders.lists, make_lists(log, job, folders, progress, engine))


def make_lists(
    log: Log,
    job: Job,
    folders: Folders,
    progress: Progress,
    engine: EngineName = "local",
    champion: Encoder | None = None,
) -> Manifest:
    """Make ``lists`` of an open log.

    Args:
        log: As ``open_tables`` gives it.
        job: What to make of it.
        folders: Of the run.
        progress: Where to show it.
        engine: Who does the work.
        champion: The encoder of a model that is to rank the same test lists. Its ids keep their
            numbers, and the test part is written a second time as it encodes it, into the folder
            ``champion`` of the lists, unless the job lacks one of its features: see
            ``pipelines.second_encoding``.

    Raises:
        JobError: The log cannot be used as the job file says, or the disk cannot hold the work.
    """
    job = choose(log.impressions.files, job)
    log = _checked(log, job)
    rows = numbered(pl.concat([file.rows for file in log.impressions.files]))
    sample = collect(place(rows.head(SAMPLE_ROWS), job), "read")
    row_bytes = bytes_of_row(sample)
    cut = plan(sum(log.impressions.rows), row_bytes, job.prepare.memory)
    twice = champion if champion and lacking(champion, job.features) is None else None
    previous = champion or _present(folders, job)
    identity = _identity(job, log, cut, previous, twice)
    with work_folder(folders.run, identity) as folder, open_engine(engine) as on:
        if not any(folder.iterdir()):
            check_disk(folder, sum(log.impressions.rows), row_bytes)
        leave_encoder(twice, folder)
        context = Context(job, cut, sample.schema, folder, twice=twice is not None)
        prepared = prepare(log, context, Work(folder, on, progress), previous)
        with replace_folder(folders.lists) as lists, progress.step("commit"):
            return _commit(prepared, log, context, lists)


def open_tables(job: Job, folders: Folders) -> Log:
    """Find the files of the log, and count their rows.

    Raises:
        LogError: There is none, one cannot be read, or the log has no rows.
    """
    log, events = open_log(job, folders.log), open_events(job, folders.log)
    counted = as_log(log.files, events.files if events else None)
    days, missing = (tuple(map(str, some)) for some in (log.days, log.missing))
    drift = (*told("log", log.files), *(told("events", events.files) if events else ()))
    return replace(counted, source=Source(days=days, missing=missing, drift=drift))


def _checked(log: Log, job: Job) -> Log:
    """Read all files as the pipeline names and types their columns.

    Raises:
        LogError, ConfigError: A file, or all of them together, are not as the job says.
    """
    events = log.events.files if log.events else ()
    check_clocks(log.impressions.files, events, job)
    parts = read_parts(log.impressions.files, job)
    if job.events:
        time = parts[0].rows.collect_schema()["time"]
        read_events(events, job.events, time, freeze=job.log.drift == "freeze")
    return replace(log, impressions=replace(log.impressions, files=parts))


def as_log(impressions: Sequence[LogFile], events: Sequence[LogFile] | None) -> Log:
    """Count the rows of the files.

    Raises:
        LogError: A file cannot be read, or the log has no rows.
    """
    log = Log(_table(impressions), None if events is None else _table(events, events=True))
    if not sum(log.impressions.rows):
        raise LogError(stage="read", rule="the log must have rows", found="none")
    return log


def _table(files: Sequence[LogFile], *, events: bool = False) -> Table:
    # A file of nothing at all is a day without rows, unless there is no other.
    files = known(files) or files[:1]
    return Table(files, [file.num_rows() for file in files], events)


def _identity(
    job: Job, log: Log, cut: Plan, previous: Encoder | None, twice: Encoder | None
) -> dict[str, Any]:
    """All that decides what the tasks leave behind."""
    tables = [log.impressions, *([log.events] if log.events else [])]
    return {
        "format": FORMAT,
        "versions": [version("ltr"), version("polars")],
        # Tasks do not wait for the disk; what they left is sure while the machine stays up.
        "boot": _boot(),
        "job": json.loads(job.model_dump_json(exclude=set(UNSEEN))),
        "plan": [cut.partitions, cut.piece_rows],
        "files": [[_state(file.path) for file in table.files] for table in tables],
        "rows": [list(table.rows) for table in tables],
        "encoders": [one and one.fingerprint for one in (previous, twice)],
    }


def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def _state(path: Path) -> list[Any]:
    try:
        about = path.stat()
    except OSError:
        # An object store: whether it changed cannot be seen, so nothing is taken over.
        return [str(path), os.urandom(16).hex()]
    versions = sorted(file.name for file in path.glob("_delta_log/*"))
    return [str(path), about.st_size, about.st_mtime_ns, versions]


def _present(folders: Folders, job: Job) -> Encoder | None:
    """Return the encoder of the lists that are to be replaced, if the job extends it."""
    if not (job.features.extend and folders.lists.exists()):
        return None
    return Encoder.load(folders.lists / "encoder")


def _commit(prepared: Prepared, log: Log, context: Context, folder: Path) -> Manifest:
    """Put together what the tasks left, and write the manifest."""
    left = list(zip(context.left_by("write"), prepared.written, strict=True))
    manifest = Manifest(
        features=prepared.encoder.features(),
        splits={part: _split(part, left, folder) for part in PARTS},
        rows=fates_of(context),
        events=None if prepared.attributed is None else _events(prepared.attributed),
        varying=prepared.varying,
        source=log.source,
        encoder=prepared.encoder.fingerprint,
        job=json.loads(context.job.model_dump_json()),
    )
    (folder / "rejects").mkdir()
    for number, path in enumerate(context.left_by("grade")):
        put(path / REJECTS_FILE, folder / "rejects" / f"rows-{number:05}.parquet")
        for giant in sorted(path.glob(GIANTS_FILE.format(0).replace("00000", "*"))):
            put(giant, folder / "rejects" / f"rows-{number:05}-{giant.name}")
    for number, path in enumerate(context.left_by("attribute")):
        put(path / EVENTS_FILE, folder / "rejects" / f"events-{number:05}.parquet")
    prepared.encoder.save(folder / "encoder")
    prepared.audit.write_parquet(folder / AUDIT_FILE)
    if prepared.curve:
        _save_curve(prepared.curve, folder)
    if context.twice:
        put_second(left, context.work, manifest, folder)
    manifest.save(folder)
    return manifest


def _save_curve(curve: "Curve", folder: Path) -> None:
    # Here, since what draws takes seconds to import and most jobs draw nothing.
    from pipelines.report.picture_propensities import write_propensity_picture

    curve.save(folder)
    write_propensity_picture(curve, folder)


def _split(part: SplitName, left: Sequence[tuple[Path, Written]], folder: Path) -> Split:
    shards = [(path / f"{part}.arrow", task.shards.get(part)) for path, task in left]
    return put_split(shards, part, folder)


def _events(attributed: list[Attributed]) -> Events:
    rejected: Counter[str] = Counter()
    for one in attributed:
        rejected.update(one.rejected)
    return Events(
        read=sum(one.read for one in attributed),
        attributed=sum(one.attributed for one in attributed),
        rejected=dict(sorted(rejected.items(), key=lambda item: (-item[1], item[0]))),
    )


def _summary(folder: Path, manifest: Manifest) -> str:
    parts = ", ".join(
        f"{name} {split.lists:,} lists of {split.documents:,} documents"
        for name, split in manifest.splits.items()
    )
    source = manifest.source
    lines = [f"wrote {folder}", parts, _fate("rows", manifest.rows.kept, manifest.rows)]
    lines += [f"  {number:,} left out: {name}" for name, number in manifest.rows.filtered.items()]
    if manifest.events:
        lines.append(_fate("events", manifest.events.attributed, manifest.events))
    if source.days:
        lines.append(f"days {source.days[0]} to {source.days[-1]}, {len(source.days)} with rows")
    lines += [f"nothing of {day}" for day in source.missing]
    lines += source.drift
    return "\n".join(lines)


def _fate(name: str, kept: int, counts: Rows | Events) -> str:
    reasons = [f"\n  {number:,} not: {reason}" for reason, number in counts.rejected.items()]
    return f"{kept:,} of {counts.read:,} {name} used" + "".join(reasons)
