"""Propensity: estimate how often each position is examined, and give it to every document.

in   contracts.graded_schema with what ``observe`` added
out  countable:    the rows of which clicks may be counted, and what is needed to
     count_clicks: COUNTS of those of the training part; they merge into those of the whole log
     estimate:     a ``Curve``, from the counts of the whole log
     attach:       rows plus ``propensity``
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipelines.config import Estimate, Job, Propensity
from pipelines.contracts import FILTERED, PART_COLUMN, REASON, list_types
from pipelines.errors import LogError
from pipelines.hashing import hash64
from pipelines.stages.limit import BEYOND, NO_POSITIVE, ONE_GRADE

if TYPE_CHECKING:
    from ltr.evaluation.propensities import Curve

COUNTS = pl.Schema(
    {"same": pl.UInt64(), "position": pl.Int32(), "shown": pl.Int64(), "clicks": pl.Int64()}
)
"""``same``: a hash of that of ``contracts.observed_columns``; null for randomisation, which does
not ask. One row for every document (under its query) and position that the log has."""

COUNTED = ("clicked", "same", "shuffled")
"""Columns of which nothing is needed but the counts."""
CHOSEN_BY_GRADE = (FILTERED + BEYOND, NO_POSITIVE, ONE_GRADE)
"""Whoever has clicked is less likely left out for these: without such rows click rates are too
high, and the more so the lower the position."""
CELLS_AT_ONCE = 5_000_000

ASSUMPTIONS: dict[Estimate, str] = {
    "randomisation": "the marked lists were shown in an order drawn uniformly, and how long "
    "they are has nothing to do with relevance",
    "harvesting": "where a document stood says nothing about its relevance at that time",
    "pbm": "where a document stood says nothing about its relevance at that time; documents are "
    "seen often",
}
CLICK_MODEL = "a click needs the position to be examined and the document to be relevant, no more"


def is_estimated(job: Job) -> bool:
    """Whether there is a curve to estimate before lists can be written."""
    return job.propensity is not None and job.propensity.estimate is not None


def countable(limited: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows whose clicks tell how positions are examined, each with its list's time.

    Lists are looked at as they were shown: neither cut, nor chosen by what was clicked.
    """
    among = pl.col(REASON).is_null() | pl.col(REASON).is_in(CHOSEN_BY_GRADE)
    time = pl.coalesce(pl.col("list_time").max(), pl.col("time").min()).over("query_id")
    names = limited.collect_schema()
    kept = [name for name in (*COUNTED, *list_types(names, PART_COLUMN)) if name in names]
    return limited.filter(among).select(
        pl.col("query_id").cast(pl.String),
        "position",
        *kept,
        list_time=time,
        **{REASON: pl.lit(None, pl.String)},
    )


def count_clicks(training: pl.LazyFrame, propensity: Propensity) -> pl.LazyFrame:
    """Count documents shown and clicked, by position and what they were."""
    if propensity.estimate == "randomisation":
        training = training.filter("shuffled").with_columns(pl.lit(None, pl.String).alias("same"))
    return (
        training.group_by("same", "position")
        .agg(
            pl.len().cast(pl.Int64).alias("shown"),
            pl.col("clicked").sum().cast(pl.Int64).alias("clicks"),
        )
        .with_columns(hash64(pl.col("same"), seed=0))
        .sort("same", "position")
    )


def merge_clicks(
    counts: Iterable[pl.DataFrame | pl.LazyFrame], at_once: int = CELLS_AT_ONCE
) -> pl.DataFrame:
    """Add up the counts of the parts of a log.

    Documents that stood at one position only tell nothing of another, so those of a position
    become one, whose ``same`` is the position. What is left is what can be learned from.

    Args:
        counts: ``COUNTS`` of each part.
        at_once: How many rows of them, about, are in memory together while they are added up.
    """
    whole = pl.concat([COUNTS.to_frame().lazy(), *(one.lazy() for one in counts)])
    buckets = int(whole.select(pl.len()).collect().item()) // at_once + 1
    bucket = pl.col("same").fill_null(0) % buckets
    parts = [_condensed(whole.filter(bucket == number)).collect() for number in range(buckets)]
    return _added(pl.concat(parts).lazy()).sort("same", "position").collect()


def estimate(counts: pl.DataFrame, propensity: Propensity) -> "Curve":
    """Estimate the curve from the counts of the whole log.

    Raises:
        LogError: The log cannot tell.
    """
    # Here, since the library of estimators imports torch, and most jobs estimate nothing.
    from ltr.evaluation import click_model_curve, harvested_curve, shuffled_curve
    from ltr.evaluation.propensities import Curve

    kind = propensity.estimate
    if kind is None:
        msg = "the log brings its own propensities"
        raise ValueError(msg)
    by_position = _by_position(counts)
    shown, clicks = (by_position[name].to_numpy() for name in ("shown", "clicks"))
    try:
        if kind == "randomisation":
            examination = shuffled_curve(shown, clicks)
        else:
            fit = harvested_curve if kind == "harvesting" else click_model_curve
            documents = counts["same"].rank("dense").to_numpy()
            examination = fit(counts["shown"], counts["clicks"], counts["position"], documents)
    except ValueError as error:
        rule = f"propensity.estimate = {kind!r} must find clicks to compare positions by"
        raise LogError(stage="propensity", rule=rule, found=str(error)) from None
    return Curve.of(
        method=kind,
        assumptions=(CLICK_MODEL, ASSUMPTIONS[kind]),
        shown=shown,
        clicks=clicks,
        examination=examination,
        clip=propensity.clip,
    )


def load_curve(folder: Path) -> "Curve":
    """Read what ``Curve.save`` left in a folder."""
    from ltr.evaluation.propensities import Curve

    return Curve.load(folder)


def attach(rows: pl.LazyFrame, curve: "Curve") -> pl.LazyFrame:
    """Add ``propensity``: that of the position; of the last one known beyond the curve's end."""
    last = len(curve.propensities) - 1
    at = (pl.col("position") - 1).clip(0, last)
    values = pl.lit(pl.Series(curve.propensities, dtype=pl.Float32))
    return rows.with_columns(values.gather(at).alias("propensity"))


def _added(counts: pl.LazyFrame) -> pl.LazyFrame:
    return counts.group_by("same", "position").agg(pl.col("shown", "clicks").sum())


def _condensed(counts: pl.LazyFrame) -> pl.LazyFrame:
    cells = _added(counts)
    elsewhere = pl.col("position").min().over("same") < pl.col("position").max().over("same")
    name = pl.when(elsewhere | pl.col("same").is_null()).then("same").otherwise("position")
    return _added(cells.with_columns(name.cast(pl.UInt64).alias("same")))


def _by_position(counts: pl.DataFrame) -> pl.DataFrame:
    """One row for every position from 1 to the last one, also where nothing was shown."""
    upto = pl.int_range(1, pl.col("position").max().fill_null(0) + 1, dtype=pl.Int32)
    every = counts.select(upto.alias("position"))
    sums = counts.group_by("position").agg(pl.col("shown", "clicks").sum())
    return every.join(sums, on="position", how="left", maintain_order="left").fill_null(0)
