"""``ltr prepare``: a log in, lists on disk out."""

import json
from pathlib import Path

import polars as pl

from ltr.atomic import replace_folder
from ltr.data.manifest import Events, Feature, Manifest, Rows
from pipelines.config import Features, Job
from pipelines.contracts import REASON, feature_columns
from pipelines.encoder import Encoder
from pipelines.flow import Prepared, prepare
from pipelines.jobs.folders import Folders
from pipelines.progress import Progress
from pipelines.shards import write_split
from pipelines.sources import open_events, open_log
from pipelines.stages.drift import told


def run(job: Job, folders: Folders, progress: Progress) -> str:
    """Make ``lists`` of the log and say what was made.

    Raises:
        JobError: The log cannot be used as the job file says.
    """
    log, events = open_log(job, folders.log), open_events(job, folders.log)
    prepared = prepare(log.files, events.files if events else None, job, progress)
    features = describe(prepared.encoder, job.features)
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
            rows=_rows(prepared.rows),
            events=None if prepared.events is None else _events(prepared.events),
            varying=prepared.varying,
            encoder=prepared.encoder.fingerprint,
            job=json.loads(job.model_dump_json()),
        )
        manifest.save(folder)
    drifted = [*told("log", log.files), *(told("events", events.files) if events else ())]
    return "\n".join([_summary(folders.lists, manifest), *filter(None, [log.summary]), *drifted])


def describe(encoder: Encoder, features: Features) -> tuple[Feature, ...]:
    """Return the manifest's description of the encoded features."""
    return tuple(
        Feature(
            side="query" if column.startswith("query/") else "document",
            name=name,
            kind=kind,
            size=encoder.size(column),
        )
        for column, name, kind in feature_columns(features)
    )


def write_rejects(prepared: Prepared, folder: Path) -> None:
    """Keep what could not be used apart, each row with its reason."""
    folder.mkdir()
    for name, frame in (("rows", prepared.rows), ("events", prepared.events)):
        if frame is not None:
            rejected = frame.filter(pl.col(REASON).is_not_null())
            rejected.drop("part", "list_time", strict=False).write_parquet(
                folder / f"{name}.parquet"
            )


def _rows(rows: pl.DataFrame) -> Rows:
    rejected = _reasons(rows)
    return Rows(read=rows.height, kept=rows[REASON].null_count(), rejected=rejected)


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
    if manifest.events:
        lines.append(_fate("events", manifest.events.attributed, manifest.events))
    return "\n".join(lines)


def _fate(name: str, kept: int, counts: Rows | Events) -> str:
    reasons = [f"\n  {number:,} not: {reason}" for reason, number in counts.rejected.items()]
    return f"{kept:,} of {counts.read:,} {name} used" + "".join(reasons)
