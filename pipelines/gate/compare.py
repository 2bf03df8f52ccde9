"""The intervals that the gate judges by: paired bootstrap, one-sided bounds, the same resamples."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ltr.evaluation import Interval, difference_intervals, mean_intervals
from pipelines.config import Gate
from pipelines.gate.evidence import Absent, Evidence, Ranked, Values
from pipelines.gate.verdict import Compared, Kind
from pipelines.report.parts import Estimate

RESAMPLES = 4000
"""So many that the ends' own noise is a twentieth of the distance they stand for."""
SEED = 0


class Opponent(NamedTuple):
    """Whom the candidate must not be worse than; no values if it could not be compared."""

    name: str
    values: Values | None
    margin: float
    first: bool


class _Column(NamedTuple):
    """One comparison to make."""

    kind: Kind
    against: str
    theirs: Values
    members: npt.NDArray[np.bool_]
    column: str | None = None
    word: str | None = None
    margin: float | None = None
    least: int = 0


def opponent_of(evidence: Evidence, limits: Gate) -> Opponent:
    """The champion, or the best baseline while there is none."""
    champion = evidence.champion
    if isinstance(champion, Ranked):
        return Opponent(champion.name, champion.values, limits.margin, first=False)
    if isinstance(champion, Absent):
        return Opponent(champion.name, None, limits.margin, first=False)
    best = best_baseline(evidence.baselines)
    return Opponent(best, evidence.baselines[best], limits.first_margin, first=True)


def best_baseline(baselines: Mapping[str, Values]) -> str:
    """The one with the highest mean; the first of equals, in order of their names."""
    return max(sorted(baselines), key=lambda name: _mean_or_lowest(baselines[name]))


def compare_all(evidence: Evidence, limits: Gate) -> tuple[Compared, ...]:
    """Compare on all lists, by slice, and with every baseline, on the same resamples.

    A list without a value on either side is left out, whatever the report does with it: counted as
    a difference of 0 it would make every candidate look alike.
    """
    columns = [*_columns(evidence, limits)]
    if not columns:
        return ()
    ours = np.repeat(np.asarray(evidence.candidate.values, np.float64)[:, None], len(columns), 1)
    theirs = np.stack([np.asarray(one.theirs, np.float64) for one in columns], axis=1)
    both = np.isnan(ours) | np.isnan(theirs)
    ours, theirs = np.where(both, np.nan, ours), np.where(both, np.nan, theirs)
    members = np.stack([one.members for one in columns], axis=1)
    rules: Any = {
        "members": members,
        "confidence": 2 * limits.confidence - 1,
        "resamples": RESAMPLES,
        "seed": SEED,
    }
    found = (
        mean_intervals(ours, **rules),
        mean_intervals(theirs, **rules),
        difference_intervals(ours, theirs, **rules),
    )
    return tuple(_compared(column, *one) for column, *one in zip(columns, *found, strict=True))


def _columns(evidence: Evidence, limits: Gate) -> Iterator[_Column]:
    against = opponent_of(evidence, limits)
    everyone = np.ones(evidence.lists, dtype=np.bool_)
    if against.values is not None:
        name, theirs = against.name, against.values
        least = limits.min_lists
        yield _Column("all lists", name, theirs, everyone, margin=against.margin, least=least)
        for column, word, members in _parts(evidence.slices, limits.slices):
            margin, least = limits.slice_margin, limits.slice_min_lists
            yield _Column("slice", name, theirs, members, column, word, margin, least)
    for name, theirs in evidence.baselines.items():
        if not (against.first and name == against.name):
            yield _Column("baseline", name, theirs, everyone)


def _parts(
    slices: Mapping[str, Sequence[str]], named: Sequence[str]
) -> Iterator[tuple[str, str, npt.NDArray[np.bool_]]]:
    for column in named:
        words = np.asarray(slices.get(column, ()), dtype=object)
        for word in sorted(set(words.tolist())):
            yield column, word, np.asarray(words == word, dtype=np.bool_)


def _compared(
    column: _Column, candidate: Interval, other: Interval, difference: Interval
) -> Compared:
    return Compared(
        kind=column.kind,
        against=column.against,
        column=column.column,
        word=column.word,
        candidate=Estimate.of(candidate),
        other=Estimate.of(other),
        difference=Estimate.of(difference),
        margin=column.margin,
        judged=column.margin is not None and difference.lists >= column.least,
    )


def _mean_or_lowest(values: Values) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("-inf")
