"""NDCG, reciprocal rank and average precision of whole lists, in numpy.

What most tables are asked for takes less time here than importing torch does. The definitions are
those of :mod:`ltr.metrics`, ties averaged over random orders included (McSherry and Najork, ECIR
2008), and a test holds every value to theirs; anything else is measured there.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import lgamma
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from pipelines.table.columns import JUDGED, PROPENSITY
from pipelines.table.names import Metric

Array: TypeAlias = npt.NDArray[Any]

AT_A_TIME = 2**16
"""Documents that are looked at together: few enough for a core's own cache."""

FUNCTIONS = frozenset({"ndcg", "reciprocal_rank", "average_precision"})


def is_quick(
    metrics: Sequence[Metric], arguments: Mapping[str, Any], parts: Collection[str]
) -> bool:
    """Whether :func:`quick_values` knows these metrics by these definitions of such a table."""
    return (
        all(one.function in FUNCTIONS and not one.arguments for one in metrics)
        and arguments.get("gain", "exp2") in ("exp2", "linear")
        and arguments.get("ties", "averaged") == "averaged"
        and arguments.get("relevant_from", 1) > 0
        and not {JUDGED, PROPENSITY}.intersection(parts)
    )


def quick_values(
    scores: Array,
    labels: Array,
    lengths: Array,
    metrics: Sequence[Metric],
    arguments: Mapping[str, Any],
) -> Iterator[tuple[str, Array]]:
    """Give every metric's name and its value of each list, Float64 ``[lists]``, NaN for none.

    Args:
        scores: Float ``[docs]``, finite.
        labels: Float ``[docs]``, finite and not negative.
        lengths: Int ``[lists]``, above 0; the lists lie one after another.
        metrics: Which :func:`is_quick` is true of, as of ``arguments``.
        arguments: gain, relevant_from.

    Example:
        >>> scores, labels = np.array([0.4, 0.2, 0.5, 0.7]), np.array([0.0, 1.0, 2.0, 0.0])
        >>> asked = [Metric(name="mrr", function="reciprocal_rank")]
        >>> [(name, values)] = quick_values(scores, labels, np.array([4]), asked, {})
        >>> name, values
        ('mrr', array([0.5]))
    """
    found = {one.name: np.empty(len(lengths)) for one in metrics}
    for group in _groups(scores, labels, lengths):
        ranked = _rank(group, arguments.get("gain", "exp2"))
        for one in metrics:
            found[one.name][group.rows] = _metric(ranked, one, arguments)
    yield from found.items()


class _Group(NamedTuple):
    """Lists of similar length as rows ``[rows, width]``; padding scores -inf and is labelled 0."""

    rows: Array | slice
    scores: Array
    labels: Array


@dataclass(frozen=True, kw_only=True)
class _Ranked:
    """Labels ``[rows, width]`` in the order of the scores, and the rows with tied scores again."""

    labels: Array
    gain: str
    rows: Array | None = None
    tied: "_Tied | None" = None

    @cached_property
    def gains(self) -> Array:
        grades = self.labels.astype(np.float64)
        return grades if self.gain == "linear" else np.exp2(grades) - 1

    @cached_property
    def best_gains(self) -> Array:
        """In their best order."""
        return np.sort(self.gains, axis=1)[:, ::-1]


class _Tied(NamedTuple):
    labels: Array
    first: Array
    """Slot, from 0, where each document's tied group begins."""
    last: Array


def _groups(scores: Array, labels: Array, lengths: Array) -> Iterator[_Group]:
    longest = int(lengths.max())
    if len(lengths) * longest == len(scores):
        shape = len(lengths), longest
        scores, labels = scores.reshape(shape), labels.reshape(shape)
        step = max(1, AT_A_TIME // longest)
        for first in range(0, len(lengths), step):
            rows = slice(first, first + step)
            yield _Group(rows, scores[rows], labels[rows])
        return
    # By the power of two of their length, so that at most half of a row is padding.
    starts, powers = lengths.cumsum() - lengths, np.frexp(lengths - 1)[1]
    for power in np.unique(powers):
        rows = (powers == power).nonzero()[0]
        slots = np.arange(lengths[rows].max())
        real = slots < lengths[rows, None]
        index = np.where(real, starts[rows, None] + slots, 0)
        yield _Group(rows, np.where(real, scores[index], -np.inf), labels[index] * real)


def _rank(group: _Group, gain: str) -> _Ranked:
    scores = -group.scores
    order = scores.argsort(axis=1)
    order += np.arange(0, scores.size, scores.shape[1])[:, None]
    labels = group.labels.ravel()[order]
    # Sorting twice is faster than bringing the scores into their order.
    scores.sort(axis=1)
    same = (scores[:, 1:] == scores[:, :-1]) & (scores[:, 1:] < np.inf)
    rows = same.any(1).nonzero()[0]
    if not len(rows):
        return _Ranked(labels=labels, gain=gain)
    starts = np.pad(~same[rows], ((0, 0), (1, 0)), constant_values=True)
    ends = np.pad(~same[rows], ((0, 0), (0, 1)), constant_values=True)
    slots = np.arange(labels.shape[1])
    first = np.maximum.accumulate(np.where(starts, slots, 0), 1)
    last = np.minimum.accumulate(np.where(ends, slots, len(slots))[:, ::-1], 1)[:, ::-1]
    return _Ranked(labels=labels, gain=gain, rows=rows, tied=_Tied(labels[rows], first, last))


def _metric(ranked: _Ranked, metric: Metric, arguments: Mapping[str, Any]) -> Array:
    if metric.function == "ndcg":
        return _ndcg(ranked, metric.k)
    plain, expected = _BINARY[metric.function]
    relevant_from = arguments.get("relevant_from", 1)
    relevant = ranked.labels >= relevant_from
    values = plain(relevant, metric.k)
    if ranked.tied is not None:
        values[ranked.rows] = expected(ranked.tied, ranked.tied.labels >= relevant_from, metric.k)
    return np.where(relevant.any(1), values, np.nan)


def _ndcg(ranked: _Ranked, k: int | None) -> Array:
    gains = ranked.gains
    discount = 1 / np.log2(np.arange(2, gains.shape[1] + 2))[:k]
    deep = len(discount)
    reached = _dot(gains[:, :deep], discount)
    if ranked.tied is not None:
        upto = np.zeros(gains.shape[1] + 1)
        upto[1 : deep + 1] = discount.cumsum()
        upto[deep + 1 :] = upto[deep]
        _, first, last = ranked.tied
        shared = (upto[last + 1] - upto[first]) / (last - first + 1)
        reached[ranked.rows] = (gains[ranked.rows] * shared).sum(1)
    ideal = _dot(ranked.best_gains[:, :deep], discount)
    return _share(np.divide(reached, ideal, out=np.full_like(ideal, np.nan), where=ideal > 0))


def _share(values: Array) -> Array:
    """Take off what rounding adds above 1."""
    shares: Array = np.minimum(values, 1, out=values)
    return shares


def _dot(rows: Array, by_rank: Array) -> Array:
    sums: Array = np.einsum("ij,j->i", rows, by_rank)
    return sums


def _reciprocal_rank(relevant: Array, k: int | None) -> Array:
    first = relevant.argmax(1)
    return np.where(relevant.any(1) & (first < (k or np.inf)), 1 / (first + 1), 0.0)


def _expected_reciprocal_rank(tied: _Tied, relevant: Array, k: int | None) -> Array:
    """Slot t of the best group with a relevant document is the first, by C(m-t, r-1) / C(m, r)."""
    rows, slots = np.arange(len(relevant))[:, None], np.arange(relevant.shape[1])
    best = relevant.argmax(1)[:, None]
    begin, end = tied.first[rows, best], tied.last[rows, best]
    inside = (slots >= begin) & (slots <= end)
    r, m = (relevant & inside).sum(1, keepdims=True), end - begin + 1
    after = end - slots
    possible = inside & (after >= r - 1) & (r > 0) & (slots < (k or np.inf))
    r, after = np.where(possible, r, 1), np.where(possible, after, 0)
    chance = np.exp(_log_choose(after, r - 1) - _log_choose(np.broadcast_to(m, r.shape), r))
    return _share(np.where(possible, chance / (slots + 1), 0.0).sum(1))


def _log_choose(n: Array, k: Array) -> Array:
    log_factorial: Array = np.array([lgamma(i + 1) for i in range(int(n.max(initial=0)) + 1)])
    logs: Array = log_factorial[n] - log_factorial[k] - log_factorial[n - k]
    return logs


def _average_precision(relevant: Array, k: int | None) -> Array:
    hits = relevant.astype(np.float64).cumsum(1)
    total = np.maximum(hits[:, -1], 1)
    hits *= relevant
    by_rank = 1 / np.arange(1, hits.shape[1] + 1)[:k]
    return _share(_dot(hits[:, : len(by_rank)], by_rank) / total)


def _expected_average_precision(tied: _Tied, relevant: Array, k: int | None) -> Array:
    """A slot t of m documents, r relevant: r/m, and then 1 + (t-1)(r-1)/(m-1) up to it."""
    through = relevant.cumsum(1, dtype=np.float64)
    size, slots = tied.last - tied.first + 1, np.arange(relevant.shape[1])
    rows = np.arange(len(relevant))[:, None]
    before = np.where(tied.first > 0, through[rows, tied.first - 1], 0)
    inside = through[rows, tied.last] - before
    others = (slots - tied.first) * (inside - 1) / np.maximum(size - 1, 1)
    found = (inside / size * (before + 1 + others) / (slots + 1))[:, :k]
    return _share(found.sum(1) / np.maximum(through[:, -1], 1))


_BINARY = {
    "reciprocal_rank": (_reciprocal_rank, _expected_reciprocal_rank),
    "average_precision": (_average_precision, _expected_average_precision),
}
