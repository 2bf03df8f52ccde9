"""How good, how sure, for whom: from one value per list to the numbers of the report."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.report.record import Estimate
from pipelines.report.table_record import Measure, Slice
from pipelines.table.columns import WEIGHT
from pipelines.table.frame import AGAINST
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
    metrics, weights = tuple(metrics), _weights(lists)
    ours = np.column_stack([_values(lists, one.name) for one in metrics])
    means = sure.means(ours, weights)
    told = [(one.name, one.lower_is_better) for one in metrics]
    if AGAINST + metrics[0].name not in lists.columns:
        return tuple(
            Measure(name=name, lower_is_better=lower, candidate=mean)
            for (name, lower), mean in zip(told, means, strict=True)
        )
    theirs = np.column_stack([_values(lists, AGAINST + one.name) for one in metrics])
    baselines = sure.means(theirs, weights)
    differences = sure.differences(ours, theirs, weights)
    return tuple(
        Measure(
            name=name,
            lower_is_better=lower,
            candidate=means[at],
            baseline=baselines[at],
            difference=differences[at],
            p=sure.p(ours[:, at], theirs[:, at], weights),
            detectable=sure.detectable(ours[:, at], theirs[:, at], weights),
        )
        for at, (name, lower) in enumerate(told)
    )


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
    ours, theirs = _values(lists, metric.name), _baseline(lists, metric.name)
    weights, values = _weights(lists), cut.values
    for value in sorted(values.unique()):
        here = (values == value).to_numpy()
        weight = None if weights is None else weights[here]
        yield _part(
            cut.by, value, ours[here], None if theirs is None else theirs[here], weight, sure
        )


def _part(
    by: str, value: str, ours: Values, theirs: Values | None, weights: Values | None, sure: Sure
) -> Slice:
    mean = sure.mean(ours, weights)
    if theirs is None:
        return Slice(by=by, value=value, lists=len(ours), candidate=mean)
    return Slice(
        by=by,
        value=value,
        lists=len(ours),
        candidate=mean,
        baseline=sure.mean(theirs, weights),
        difference=sure.difference(ours, theirs, weights),
        p=sure.p(ours, theirs, weights),
    )


def _badness(one: Slice, sign: int) -> tuple[bool, float]:
    estimate: Estimate = one.difference or one.candidate
    return estimate.value is None, sign * (estimate.value or 0.0)


def _values(lists: pl.DataFrame, name: str) -> Values:
    return lists[name].to_numpy().astype(np.float64)


def _baseline(lists: pl.DataFrame, name: str) -> Values | None:
    return _values(lists, AGAINST + name) if AGAINST + name in lists.columns else None


def _weights(lists: pl.DataFrame) -> Values | None:
    return _values(lists, WEIGHT) if WEIGHT in lists.columns else None
