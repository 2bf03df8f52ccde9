"""Propensity: estimate how often each position is examined, and give it to every document.

in   training rows of contracts.graded_schema with what ``observe`` added
out  count_clicks: COUNTS, a small frame; those of parts of a log merge into that of the whole
     estimate:     a ``Curve``, from the counts of the whole log
     attach:       rows plus ``propensity``
"""

from collections.abc import Iterable

import polars as pl

from ltr.evaluation.examination import click_model_curve, harvested_curve, shuffled_curve
from ltr.evaluation.propensities import Curve
from pipelines.config import Estimate, Job, Propensity
from pipelines.errors import LogError

COUNTS = pl.Schema(
    {"same": pl.String(), "position": pl.Int32(), "shown": pl.Int64(), "clicks": pl.Int64()}
)
"""``same``: as in ``contracts.observed_columns``; null for randomisation, which does not ask.
One row for every document (under its query) and position that the log has: at most its size."""

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
        .sort("same", "position")
    )


def merge_clicks(counts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add up the counts of the parts of a log."""
    whole = pl.concat([COUNTS.to_frame(), *counts])
    sums = pl.col("shown", "clicks").sum()
    return whole.group_by("same", "position").agg(sums).sort("same", "position")


def estimate(counts: pl.DataFrame, propensity: Propensity) -> Curve:
    """Estimate the curve from the counts of the whole log.

    Raises:
        LogError: The log cannot tell.
    """
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


def attach(rows: pl.LazyFrame, curve: Curve) -> pl.LazyFrame:
    """Add ``propensity``: that of the position; of the last one known beyond the curve's end."""
    last = len(curve.propensities) - 1
    at = (pl.col("position") - 1).clip(0, last)
    values = pl.lit(pl.Series(curve.propensities, dtype=pl.Float32))
    return rows.with_columns(values.gather(at).alias("propensity"))


def _by_position(counts: pl.DataFrame) -> pl.DataFrame:
    """One row for every position from 1 to the last one, also where nothing was shown."""
    upto = pl.int_range(1, pl.col("position").max().fill_null(0) + 1, dtype=pl.Int32)
    every = counts.select(upto.alias("position"))
    sums = counts.group_by("position").agg(pl.col("shown", "clicks").sum())
    return every.join(sums, on="position", how="left", maintain_order="left").fill_null(0)
