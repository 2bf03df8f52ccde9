"""How good, how sure, for whom: from one value per list to the numbers of the report."""

from collections.abc import Iterable, Iterator
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
    return tuple(_measure(lists, metric, sure) for metric in metrics)


def _measure(lists: pl.DataFrame, metric: Metric, sure: Sure) -> Measure:
    return Measure(
        name=metric.name,
        lower_is_better=metric.lower_is_better,
        over=metric.over,
        detectable=_detectable(lists, metric, sure),
        **_estimates(_side_by_side(lists, metric), metric, sure),
    )


def _detectable(lists: pl.DataFrame, metric: Metric, sure: Sure) -> float | None:
    both = _side_by_side(lists, metric)
    if both.theirs is None or metric.is_pooled:
        return None
    return sure.detectable(both.ours, both.theirs, both.weights)


class SideBySide(NamedTuple):
    """A metric's values of the same lists: the candidate's, and the baseline's if there is one.

    Values are ``[lists]``, or ``[lists, sums]`` of a metric that is no mean over lists.
    """

    ours: Values
    theirs: Values | None
    weights: Values | None

    def of(self, here: npt.NDArray[np.bool_]) -> "SideBySide":
        """The same of some of the lists."""
        theirs = None if self.theirs is None else self.theirs[here]
        weights = None if self.weights is None else self.weights[here]
        return SideBySide(self.ours[here], theirs, weights)


def _estimates(both: SideBySide, metric: Metric, sure: Sure) -> dict[str, Any]:
    ours, theirs, weights = both
    mean = sure.pooled if metric.is_pooled else sure.mean
    if theirs is None:
        return {"candidate": mean(ours, weights)}
    difference = sure.pooled_difference if metric.is_pooled else sure.difference
    return {
        "candidate": mean(ours, weights),
        "baseline": mean(theirs, weights),
        "difference": difference(ours, theirs, weights),
        # Signs cannot be flipped where there is no difference per list.
        "p": None if metric.is_pooled else sure.p(ours, theirs, weights),
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
    both, values = _side_by_side(lists, metric), cut.values
    for value in sorted(values.unique()):
        here = (values == value).to_numpy()
        found = _estimates(both.of(here), metric, sure)
        yield Slice(by=cut.by, value=value, lists=int(here.sum()), **found)


def _badness(one: Slice, sign: int) -> tuple[bool, float]:
    estimate: Estimate = one.difference or one.candidate
    return estimate.value is None, sign * (estimate.value or 0.0)


def _side_by_side(lists: pl.DataFrame, metric: Metric) -> SideBySide:
    name, against = metric.name, AGAINST + metric.name
    theirs = _values(lists, against) if against in lists.columns else None
    return SideBySide(_values(lists, name), theirs, _weights(lists, metric))


def _values(lists: pl.DataFrame, name: str) -> Values:
    return lists[name].to_numpy().astype(np.float64)


def _weights(lists: pl.DataFrame, metric: Metric) -> Values | None:
    given = _values(lists, WEIGHT) if WEIGHT in lists.columns else None
    if metric.over != "documents":
        return given
    documents = _values(lists, DOCUMENTS)
    return documents if given is None else documents * given
