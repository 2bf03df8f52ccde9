"""Observe: keep of an impression what its propensity is, or what propensities are estimated from.

in   what ``label`` takes: contracts.impressions_schema + ``reason`` + ``log/`` columns
out  the same rows plus contracts.observed_columns
"""

import polars as pl

from pipelines.config import Job
from pipelines.errors import LogError
from pipelines.stages.conditions import evaluate
from pipelines.stages.validate import also

BAD_PROPENSITY = "propensity is not above 0 and at most 1"
APART = "\x1f"
"""Stands between the parts of ``same``: a control character that no id is expected to hold."""


def observe(impressions: pl.LazyFrame, job: Job) -> pl.LazyFrame:
    """Add the columns, if the job has a ``[propensity]``.

    Raises:
        LogError: The log's own propensities are no numbers.
    """
    given = job.propensity
    if given is None:
        return impressions
    if given.column:
        return _own(impressions, given.column, given.clip)
    conditions = {key.partition(".")[2]: (key, text) for key, text in given.conditions.items()}
    observed = evaluate(impressions, conditions)
    if given.estimate == "randomisation":
        return observed
    # A null is a value like any other: queries without a text are alike.
    within = [pl.col(f"log/{name}").cast(pl.String).fill_null("") for name in given.same]
    same = pl.concat_str(
        [*within, pl.col("document_id").cast(pl.String).fill_null("")], separator=APART
    )
    return observed.with_columns(same.alias("same"))


def _own(impressions: pl.LazyFrame, column: str, clip: float) -> pl.LazyFrame:
    dtype = impressions.collect_schema()[f"log/{column}"]
    if not dtype.is_numeric():
        rule = f"propensity.column: column {column!r} must hold numbers"
        raise LogError(stage="observe", rule=rule, found=str(dtype))
    value = pl.col(f"log/{column}").cast(pl.Float64)
    usable = ((value > 0) & (value <= 1)).fill_null(value=False)
    clipped = pl.when(usable).then(value.clip(lower_bound=clip)).otherwise(1.0)
    return impressions.with_columns(
        also(BAD_PROPENSITY, ~usable), clipped.cast(pl.Float32).alias("propensity")
    )
