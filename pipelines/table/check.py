"""What is wrong with the rows of a table: counted always, refused unless a rule says what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from pipelines.errors import TableError
from pipelines.table.columns import BASELINE, LABEL, PROPENSITY, QUERY, SCORE, WEIGHT

LAST = -1.7976931348623157e308
"""The score of a document that is ranked last: the lowest finite float64."""

NO_QUERY, NO_LABEL, NEGATIVE = "no query", "label not a number", "negative label"
BAD_WEIGHT, BAD_PROPENSITY = "weight not a number from 0", "propensity not above 0"
NO_SHARE = {SCORE: "score not from 0 to 1", BASELINE: "baseline score not from 0 to 1"}
SCORES = {SCORE: "score not finite", BASELINE: "baseline score not finite"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What to do with rows that can be used in more than one way.

    Attributes:
        nonfinite: A score that is NaN, infinite or missing: refused, or ranked last.
        negative: A label below 0: refused, or taken as 0, as trec_eval does.
        duplicates: A document twice in a list: refused, or kept as two documents.
    """

    nonfinite: Literal["refuse", "last"] = "refuse"
    negative: Literal["refuse", "zero"] = "refuse"
    duplicates: Literal["refuse", "keep"] = "refuse"


def problems(parts: Iterable[str], *, shares: bool = False) -> dict[str, pl.Expr]:
    """Return how many rows have each problem, for the parts that the table's columns play.

    Args:
        parts: The parts.
        shares: Whether scores must be probabilities, as a calibration error asks.
    """
    label = pl.col(LABEL)
    found = {
        NO_QUERY: (QUERY, pl.col(QUERY).is_null()),
        NO_LABEL: (LABEL, ~label.is_finite().fill_null(value=False)),
        NEGATIVE: (LABEL, (label < 0) & label.is_finite()),
        **{text: (part, ~_finite(part)) for part, text in SCORES.items()},
        BAD_WEIGHT: (WEIGHT, ~(_finite(WEIGHT) & (pl.col(WEIGHT) >= 0))),
        BAD_PROPENSITY: (PROPENSITY, ~(_finite(PROPENSITY) & (pl.col(PROPENSITY) > 0))),
    }
    if shares:
        inside = {part: pl.col(part).is_between(0, 1).fill_null(value=False) for part in NO_SHARE}
        found |= {text: (part, ~inside[part]) for part, text in NO_SHARE.items()}
    present = set(parts)
    return {text: expr.sum().alias(text) for text, (part, expr) in found.items() if part in present}


def mended(table: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Return the rows with every value that a rule gives a meaning replaced by it."""
    parts, changes = table.collect_schema().names(), []
    if policy.nonfinite == "last":
        changes += [
            pl.when(_finite(part)).then(pl.col(part).cast(pl.Float64)).otherwise(LAST).alias(part)
            for part in SCORES
            if part in parts
        ]
    if policy.negative == "zero":
        changes.append(pl.col(LABEL).clip(lower_bound=0))
    return table.with_columns(changes)


def refused(counts: Mapping[str, int], policy: Policy) -> dict[str, int]:
    """Return the problems that stop the measurement."""
    allowed = {text for text in SCORES.values() if policy.nonfinite == "last"}
    allowed |= {NEGATIVE} if policy.negative == "zero" else set()
    return {text: count for text, count in counts.items() if count and text not in allowed}


def refuse(table: pl.LazyFrame, found: Iterable[str], names: Mapping[str, str]) -> TableError:
    """Say in one line, over the whole table, what stopped the measurement and how to go on."""
    expressions = problems(table.collect_schema().names(), shares=True)
    counts = table.select(pl.len().alias("rows"), *(expressions[text] for text in found))
    [rows, *bad] = counts.collect(engine="streaming").row(0)
    told = [_told(text, n, names) for text, n in zip(found, bad, strict=True)]
    return TableError(f"{'; '.join(told)}, of {rows:,} rows")


def _told(text: str, count: int, names: Mapping[str, str]) -> str:
    parts = {NO_QUERY: QUERY, NO_LABEL: LABEL, NEGATIVE: LABEL, BAD_WEIGHT: WEIGHT}
    scores = {said: part for said_of in (SCORES, NO_SHARE) for part, said in said_of.items()}
    part = (parts | scores).get(text, PROPENSITY)
    rules = {
        NO_QUERY: "must name a query in every row",
        NO_LABEL: "must hold a number in every row",
        NEGATIVE: "must not be negative (--negative zero takes it as 0)",
        BAD_WEIGHT: "must be a number from 0",
        BAD_PROPENSITY: "must be a number above 0",
        **dict.fromkeys(NO_SHARE.values(), "must be a probability from 0 to 1 for ece"),
    }
    rule = rules.get(text, "must be finite (--nonfinite last ranks such documents last)")
    return f"{part} column {names.get(part, part)!r} {rule}; got {count:,} that {_are(text)}"


def _are(text: str) -> str:
    said = {
        NO_QUERY: "do not",
        NO_LABEL: "do not",
        NEGATIVE: "are",
    }
    return said.get(text, "are not")


def _finite(part: str) -> pl.Expr:
    return pl.col(part).is_finite().fill_null(value=False)
