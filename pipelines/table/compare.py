"""How good, how sure, for whom: from one value per list to the numbers of the report."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.report.parts import Estimate
from pipelines.report.table_record import Measure, Slice
from pipelines.table.columns import WEIGHT
from pipelines.table.frame import AGAINST, DOCUMENTS
from pipelines.table.names import Metric
from pipelines.table.slices import Cut
from pipelines.table.sure import Sure

Values = npt.NDArray[np.float64]


def compare(lists: pl.DataFrame, metrics: Iterable[Metric], sure: Sure) -> tuple[Measure, ...]:
    """Give every metric with its interval, and its difference to the baseline's.

    Args:
        lists: One row per list, as measured.
        metrics: The metrics, which are columns of ``lists``.
        sure: How intervals are made.
    """
    asked = tuple(metrics)
    # The same lists with the same weights are resampled once for all their metrics.
    alike = [[one for one in asked if one.over == over] for over in ("lists", "documents")]
    alike += [[one] for one in asked if one.is_pooled]
    found = {one.name: one for same in alike if same for one in _measures(lists, same, sure)}
    return tuple(found[one.name] for one in asked)


def _measures(lists: pl.DataFrame, same: Sequence[Metric], sure: Sure) -> Iterator[Measure]:
    both = _side_by_side(lists, same)
    for at, (metric, found) in enumerate(zip(same, _estimates(both, same, sure), strict=True)):
        detectable = None
        if both.theirs is not None and not metric.is_pooled:
            detectable = sure.detectable(both.ours[:, at], both.theirs[:, at], both.weights)
        yield Measure(
            name=metric.name,
            lower_is_better=metric.lower_is_better,
            over=metric.over,
            detectable=detectable,
            **found,
        )


class SideBySide(NamedTuple):
    """Values of the same lists: the candidate's, and the baseline's if there is one.

    Values are ``[lists, metrics]``, or ``[lists, sums]`` of one metric that is no mean over lists.
    """

    ours: Values
    theirs: Values | None
    weights: Values | None

    def of(self, here: npt.NDArray[np.bool_]) -> "SideBySide":
        """The same of some of the lists."""
        theirs = None if self.theirs is None else self.theirs[here]
        weights = None if self.weights is None else self.weights[here]
        return SideBySide(self.ours[here], theirs, weights)


def _estimates(both: SideBySide, same: Sequence[Metric], sure: Sure) -> list[dict[str, Any]]:
    return [_pooled(both, sure)] if same[0].is_pooled else _means(both, sure)


def _means(both: SideBySide, sure: Sure) -> list[dict[str, Any]]:
    ours, theirs, weights = both
    candidates = sure.means(ours, weights)
    if theirs is None:
        return [{"candidate": candidate} for candidate in candidates]
    baselines = sure.means(theirs, weights)
    differences = sure.differences(ours, theirs, weights)
    return [
        {
            "candidate": candidate,
            "baseline": baselines[at],
            "difference": differences[at],
            "p": sure.p(ours[:, at], theirs[:, at], weights),
        }
        for at, candidate in enumerate(candidates)
    ]


def _pooled(both: SideBySide, sure: Sure) -> dict[str, Any]:
    ours, theirs, weights = both
    if theirs is None:
        return {"candidate": sure.pooled(ours, weights)}
    # Signs cannot be flipped where there is no difference per list: no p.
    return {
        "candidate": sure.pooled(ours, weights),
        "baseline": sure.pooled(theirs, weights),
        "difference": sure.pooled_difference(ours, theirs, weights),
    }


def slices(
    lists: pl.DataFrame, cuts: Iterable[Cut], metric: Metric, sure: Sure
) -> tuple[Slice, ...]:
    """Give the metric over each part of the lists, worst first: where the candidate loses most.

    With one ranker the worst part is the one with the lowest mean, and p is undefined.
    """
    found = [one for cut in cuts for one in _parts(lists, cut, metric, sure)]
    adjusted = sure.holm([one.p for one in found])
    told = [one.model_copy(update={"p_holm": p}) for one, p in zip(found, adjusted, strict=True)]
    sign = -1 if metric.lower_is_better else 1
    return tuple(sorted(told, key=lambda one: _badness(one, sign)))


def _parts(lists: pl.DataFrame, cut: Cut, metric: Metric, sure: Sure) -> Iterator[Slice]:
    both, values = _side_by_side(lists, [metric]), cut.values
    for value in sorted(values.unique()):
        here = (values == value).to_numpy()
        [found] = _estimates(both.of(here), [metric], sure)
        yield Slice(by=cut.by, value=value, lists=int(here.sum()), **found)


def _badness(one: Slice, sign: int) -> tuple[bool, float]:
    estimate: Estimate = one.difference or one.candidate
    return estimate.value is None, sign * (estimate.value or 0.0)


def _side_by_side(lists: pl.DataFrame, same: Sequence[Metric]) -> SideBySide:
    ours = _values(lists, [one.name for one in same])
    against = [AGAINST + one.name for one in same]
    theirs = _values(lists, against) if against[0] in lists.columns else None
    return SideBySide(ours, theirs, _weights(lists, same[0]))


def _values(lists: pl.DataFrame, names: Sequence[str]) -> Values:
    return np.column_stack([lists[name].to_numpy().astype(np.float64) for name in names])


def _weights(lists: pl.DataFrame, metric: Metric) -> Values | None:
    given = _values(lists, [WEIGHT])[:, 0] if WEIGHT in lists.columns else None
    if metric.over != "documents":
        return given
    documents = _values(lists, [DOCUMENTS])[:, 0]
    return documents if given is None else documents * given
