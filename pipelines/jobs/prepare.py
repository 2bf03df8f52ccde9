"""``ltr prepare``: a log in, lists on disk out."""

import json
from pathlib import Path

import polars as pl

from ltr.atomic import replace_folder
from ltr.data.manifest import Events, Manifest
from pipelines.accounting import REJECTED, count_reasons, fates
from pipelines.config import Job
from pipelines.contracts import REASON
from pipelines.encoder import Encoder
from pipelines.flow import Prepared, prepare
from pipelines.jobs.folders import Folders
from pipelines.progress import Progress
from pipelines.shards import write_split
from pipelines.sources import scan
from pipelines.stages.choose import choose


def run(job: Job, folders: Folders, progress: Progress) -> str:
    """Make ``lists`` of the log and say what was made.

    Raises:
        JobError: The log cannot be used as the job file says.
    """
    log = scan(folders.log / job.log.path, job.id_columns)
    events = scan(folders.log / job.events.path, job.events.id_columns) if job.events else None
    prepared = prepare(log, events, choose(log, job), progress, _present(folders, job))
    features = prepared.encoder.features()
    with replace_folder(folders.lists) as folder:
        splits = {}
        with progress.step("write") as step:
            step.expect(len(prepared.lists))
            for name, lists in prepared.lists.items():
                splits[name] = write_split(lists, name, features, folder)
                step.advance()
        write_rejects(prepared, folder / "rejects")
        prepared.encoder.save(folder / "encoder")
        manifest = Manifest(
            features=features,
            splits=splits,
            rows=fates(
                [count_reasons(prepared.rows.lazy()).collect()],
                [one.name for one in job.filters],
            ),
            events=None if prepared.events is None else _events(prepared.events),
            varying=prepared.varying,
            encoder=prepared.encoder.fingerprint,
            job=json.loads(job.model_dump_json()),
        )
        manifest.save(folder)
    return _summary(folders.lists, manifest)


def _present(folders: Folders, job: Job) -> Encoder | None:
    """Return the encoder of the lists that are to be replaced, if the job extends it."""
    if not (job.features.extend and folders.lists.exists()):
        return None
    return Encoder.load(folders.lists / "encoder")


def write_rejects(prepared: Prepared, folder: Path) -> None:
    """Keep what could not be used apart, each row with its reason."""
    folder.mkdir()
    for name, frame in (("rows", prepared.rows), ("events", prepared.events)):
        if frame is not None:
            frame.filter(REJECTED).drop("part", "list_time", strict=False).write_parquet(
                folder / f"{name}.parquet"
            )


def _events(events: pl.DataFrame) -> Events:
    rejected = _reasons(events)
    return Events(read=events.height, attributed=events[REASON].null_count(), rejected=rejected)


def _reasons(frame: pl.DataFrame) -> dict[str, int]:
    counted = (
        frame[REASON].drop_nulls().value_counts().sort("count", REASON, descending=[True, False])
    )
    return dict(counted.iter_rows())


def _summary(folder: Path, manifest: Manifest) -> str:
    parts = ", ".join(
        f"{name} {split.lists:,} lists of {split.documents:,} documents"
        for name, split in manifest.splits.items()
    )
    lines = [f"wrote {folder}", parts, _fate("rows", manifest.rows.kept, manifest.rows)]
    lines += [f"  {number:,} left out: {name}" for name, number in manifest.rows.filtered.items()]
    if manifest.events:
        lines.append(_fate("events", manifest.events.attributed, manifest.events))
    return "\n".join(lines)


def _fate(name: str, kept: int, counts: Rows | Events) -> str:
    reasons = [f"\n  {number:,} not: {reason}" for reason, number in counts.rejected.items()]
    return f"{kept:,} of {counts.read:,} {name} used" + "".join(reasons)
