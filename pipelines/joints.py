"""Between the steps of ``prepare``: what is decided, or refused, for the log as a whole."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from ltr.data.manifest import Rows, Source
from pipelines.accounting import fates
from pipelines.contracts import PARTS
from pipelines.encoder import Counts, Encoder
from pipelines.errors import LogError
from pipelines.progress import Progress
from pipelines.sources import LogFile
from pipelines.stages.audit import FILE as AUDIT_FILE
from pipelines.stages.audit import merge_audits, silent_rules
from pipelines.stages.leakage import refuse_future, refuse_shared_keys
from pipelines.stages.propensity import estimate, is_estimated, merge_clicks
from pipelines.stages.split import cuts
from pipelines.steps.fit import CLICKS_FILE, COUNTS_FILE, KEYS_FILE, Fitted
from pipelines.steps.grade import FUTURE_FILE, LISTS_FILE, REASONS_FILE, Graded
from pipelines.steps.partition import Context, Part
from pipelines.steps.scatter import Stretch
from pipelines.steps.write import ENCODER

if TYPE_CHECKING:
    from ltr.evaluation.propensities import Curve

SLICEABLE = frozenset({".parquet", ".arrow", ".ipc"})
"""Formats of which a stretch can be read without what is before it."""
AT_ONCE = 8
"""Counts that are in memory together while they are merged."""


@dataclass(frozen=True, slots=True)
class Table:
    """The files of a table, and how many rows each has."""

    files: Sequence[LogFile]
    rows: Sequence[int]
    events: bool = False


@dataclass(frozen=True, slots=True)
class Log:
    """The tables of a log."""

    impressions: Table
    events: Table | None
    source: Source = field(default_factory=Source)


def stretches(table: Table, context: Context) -> list[Stretch]:
    """Cut the files of a table into what is read at a time."""
    first, tasks = 0, []
    for file, rows in zip(table.files, table.rows, strict=True):
        size = context.plan.piece_rows if file.path.suffix in SLICEABLE else max(rows, 1)
        for start in range(0, rows, size):
            part = replace(file, rows=file.rows.slice(start, size)) if size < rows else file
            tasks.append(Stretch(context, part, first + start, table.events))
        first += rows
    # A table without rows leaves its columns all the same.
    return tasks or [Stretch(context, table.files[0], 0, table.events)]


def refuse_unusable(graded: Sequence[Graded], context: Context) -> None:
    """Stop where rows are not what they seem, before more is done with them.

    Raises:
        LogError: Positions count from 0, no row can be used, or features are from the future.
    """
    queries = sum(one.queries for one in graded)
    from_zero = sum(one.from_zero for one in graded)
    if from_zero * 2 > queries:
        rule = "log.position must count from 1"
        found = f"0 as the first position of {from_zero:,} of {queries:,} queries"
        raise LogError(stage="validate", rule=rule, found=found)
    if context.job.leakage.known_at:
        pieces = [pl.scan_parquet(path / FUTURE_FILE) for path in context.left_by("grade")]
        refuse_future(pieces, context.job)
    rows = fates_of(context)
    if not rows.kept:
        reason, number = next(iter((rows.rejected | rows.filtered).items()))
        found = f"{rows.read} rows, none usable, {number} of them because: {reason}"
        raise LogError(stage="validate", rule="some row must be usable", found=found)


def fates_of(context: Context) -> Rows:
    """Add up what became of the rows of the log."""
    counts = (pl.read_parquet(path / REASONS_FILE) for path in context.left_by("grade"))
    return fates(counts, [one.name for one in context.job.filters])


def say_varying(graded: Sequence[Graded], progress: Progress) -> dict[str, int]:
    """Add up, and tell, which query features differ within a list."""
    total: Counter[str] = Counter()
    for one in graded:
        total.update(one.varying)
    with progress.step("query features") as step:
        for column, number in total.items():
            step.say(f"{column} differs within {number:,} lists; the first document's is taken")
    return dict(total)


def say_audit(context: Context, progress: Progress) -> pl.DataFrame:
    """Add up how often grade rules hold, and tell which of them give no grade."""
    pieces = (pl.read_parquet(path / AUDIT_FILE) for path in context.left_by("grade"))
    whole = merge_audits(pieces)
    with progress.step("grade rules") as step:
        for sentence in silent_rules(whole, context.job):
            step.say(sentence)
    return whole


def with_cuts(parts: Sequence[Part], context: Context) -> list[Part]:
    """Find when the parts begin: the times of all lists are sorted, 8 bytes a list."""
    found = (
        cuts(_list_times(context), context.job.split) if context.job.split.by == "time" else None
    )
    return [replace(part, cuts=found) for part in parts]


def refuse_hopeless(graded: Sequence[Graded], fitted: Sequence[Fitted], context: Context) -> None:
    """Stop where no model could be trained or judged, or honestly so, and say what the log is like.

    Raises:
        LogError: A part has no list, or none with two grades, or parts share what they must not.
    """
    keys = [pl.scan_parquet(path / KEYS_FILE) for path in context.left_by("fit")]
    refuse_shared_keys(keys, context.job, buckets=len(keys))
    if empty := [part for part in PARTS if not sum(one.lists[part] for one in fitted)]:
        by = context.job.split.by
        why = f"{_list_times(context).n_unique()} distinct times in the log"
        found = f"no list for {', '.join(empty)} ({why if by == 'time' else f'split by {by}'})"
        raise LogError(stage="split", rule="every part must get a list", found=found)
    for part in PARTS:
        if not sum(one.two_grades[part] for one in fitted):
            grades = ", ".join(map(str, sorted({g for one in graded for g in one.grades})))
            rule = f"some list of the {part} part must have two different grades"
            found = f"only lists of one grade (grades in the log: {grades})"
            raise LogError(stage="label", rule=rule, found=found)


def fit_encoder(context: Context, previous: Encoder | None) -> Encoder:
    """Merge what was counted of the partitions, and leave the encoder for those that apply it."""
    paths = [path / COUNTS_FILE for path in context.left_by("fit")]
    merged = Counts.load(paths[0])
    for start in range(1, len(paths), AT_ONCE):
        some = [Counts.load(path) for path in paths[start : start + AT_ONCE]]
        merged = Counts.merge([merged, *some])
    encoder = Encoder.fit(merged, context.job.features, previous)
    shutil.rmtree(context.work / ENCODER, ignore_errors=True)
    encoder.save(context.work / ENCODER)
    return encoder


def fit_curve(context: Context, progress: Progress) -> "Curve | None":
    """Estimate how positions are examined, and leave the curve for those that apply it.

    Raises:
        LogError: The log cannot tell.
    """
    job = context.job
    if job.propensity is None or not is_estimated(job):
        return None
    with progress.step("propensities"):
        counts = [pl.scan_ipc(path / CLICKS_FILE) for path in context.left_by("fit")]
        curve = estimate(merge_clicks(counts), job.propensity)
        curve.save(context.work)
    return curve


def _list_times(context: Context) -> pl.Series:
    paths = [path / LISTS_FILE for path in context.left_by("grade")]
    return (
        pl.concat([pl.scan_ipc(path).select("list_time") for path in paths]).collect().to_series()
    )
