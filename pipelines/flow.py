"""The whole order of ``prepare``: two tables of a log in, lists, rejects and an encoder out."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ltr.data.manifest import SplitName
from pipelines.config import Job
from pipelines.contracts import PARTS, REASON, encoded_schema, require
from pipelines.encoder import Encoder
from pipelines.errors import LogError, first_line
from pipelines.progress import Progress
from pipelines.sources import LogFile
from pipelines.stages.attribute import attribute, count
from pipelines.stages.group import group, varying
from pipelines.stages.label import label
from pipelines.stages.limit import limit
from pipelines.stages.read import check_clocks, read_events, read_impressions
from pipelines.stages.split import split
from pipelines.stages.validate import validate


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a log becomes."""

    lists: dict[SplitName, pl.DataFrame]
    encoder: Encoder
    rows: pl.DataFrame
    """Every row of the log: graded, with its part or the reason why it has none."""
    events: pl.DataFrame | None
    """Every event, with its impression or the reason why it has none."""
    varying: dict[str, int]
    """Query features that differ within a list, and within how many."""


def prepare(
    log: Sequence[LogFile], events: Sequence[LogFile] | None, job: Job, progress: Progress
) -> Prepared:
    """Make lists of a log.

    Raises:
        LogError: The log is not as the job file says, or nothing in it can be learned from.
        ConfigError: A grade rule cannot be evaluated.
    """
    with progress.step("validate"):
        _refuse_empty(log)
        check_clocks(log, events or (), job)
        impressions = _collect(validate(read_impressions(log, job), job.end), "read")
        _refuse_zero_based(impressions)
        rows = impressions.lazy()
    attributed = None
    if events is not None and job.events is not None:
        with progress.step("attribute"):
            time, freeze = rows.collect_schema()["time"], job.log.drift == "freeze"
            known = read_events(events, job.events, time, freeze=freeze)
            attributed = _collect(attribute(rows, known, job.events.counts), "read events")
            rows = count(rows, attributed.lazy(), job.events.counts)
    with progress.step("label and split"):
        parted = _collect(split(limit(label(rows, job), job.lists), job.split), "label")
    _refuse_hopeless(parted)
    with progress.step("encode") as step:
        differing = _varying(parted)
        for column, number in differing.items():
            step.say(f"{column} differs within {number:,} lists; the first document's is taken")
        encoder = Encoder.fit(_part(parted, "train"), job.features)
    lists: dict[SplitName, pl.DataFrame] = {}
    with progress.step("group") as step:
        step.expect(len(PARTS))
        schema = encoded_schema(job.features, parted.schema["time"])
        for part in PARTS:
            encoded = require(encoder.transform(_part(parted, part)), schema, "encode")
            lists[part] = _collect(group(encoded), "group")
            step.advance()
    return Prepared(lists, encoder, parted, attributed, differing)


def _collect(frame: pl.LazyFrame, stage: str) -> pl.DataFrame:
    """Run a stage. What only the values themselves can show to be wrong is noticed here."""
    try:
        return frame.collect()
    except OSError as error:
        rule = "the log's files must stay as they are while it is read"
        raise LogError(stage=stage, rule=rule, found=first_line(error)) from None
    except pl.exceptions.PolarsError as error:
        rule = "the log's values must be as its columns' types promise"
        raise LogError(stage=stage, rule=rule, found=first_line(error)) from None


def _refuse_empty(log: Sequence[LogFile]) -> None:
    """Before the types are looked at: a file without rows may not know them."""
    if all(_collect(file.rows.head(1), "read").is_empty() for file in log):
        raise LogError(stage="read", rule="the log must have rows", found="none")


def _part(rows: pl.DataFrame, part: SplitName) -> pl.LazyFrame:
    """Return the rows of one part; their time becomes that of their list."""
    return (
        rows.lazy().filter(pl.col("part") == part).with_columns(pl.col("list_time").alias("time"))
    )


def _varying(parted: pl.DataFrame) -> dict[str, int]:
    kept = parted.lazy().filter(pl.col(REASON).is_null())
    counts = _collect(varying(kept), "group")
    return {column.name: column.item() for column in counts if column.sum()}


def _refuse_zero_based(rows: pl.DataFrame) -> None:
    """A log that counts positions from 0 would lose the top document of every list."""
    queries = rows.group_by("query_id").agg(pl.col("position").min())["position"]
    from_zero = int((queries == 0).sum())
    if from_zero * 2 > len(queries):
        rule = "log.position must count from 1"
        found = f"0 as the first position of {from_zero:,} of {len(queries):,} queries"
        raise LogError(stage="validate", rule=rule, found=found)


def _refuse_hopeless(rows: pl.DataFrame) -> None:
    """Stop where no model could be trained or judged, and say what the log looks like."""
    kept = rows.filter(pl.col(REASON).is_null())
    if kept.is_empty():
        raise LogError(stage="validate", rule="some row must be usable", found=_most_common(rows))
    empty = [part for part in PARTS if part not in kept["part"].unique()]
    if empty:
        times = kept["list_time"].n_unique()
        found = f"no list for {', '.join(empty)} ({times} distinct times in the log)"
        raise LogError(stage="split", rule="every part must get a list", found=found)
    graded = kept.group_by("part", "query_id").agg(pl.col("grade").n_unique() > 1)
    for part in PARTS:
        if not graded.filter(pl.col("part") == part)["grade"].any():
            grades = ", ".join(map(str, kept["grade"].unique().sort()))
            rule = f"some list of the {part} part must have two different grades"
            raise LogError(
                stage="label",
                rule=rule,
                found=f"only lists of one grade (grades in the log: {grades})",
            )


def _most_common(rows: pl.DataFrame) -> str:
    reason, number = rows[REASON].value_counts(sort=True).row(0)
    return f"{rows.height} rows, none usable, {number} of them because: {reason}"
