"""Confidence intervals of means over lists, and of paired differences of means.

Lists are the unit that is resampled: documents of one list are not independent of each other.
The resampling is the ordinary bootstrap; ``ltr.evaluation.bootstrap`` says how it is drawn and
which intervals there are, and this module decides what is resampled.
"""

from dataclasses import dataclass

import numpy.typing as npt

from ltr.evaluation.bootstrap import Method, bootstrap_means, interval_ends
from ltr.evaluation.columns import Columns, columns_of, one_column, paired_columns
from ltr.metrics import Blank


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A mean over lists and how far it may be off.

    Attributes:
        value: The mean itself, in the unit of the values. NaN if no list counts.
        low: Lower end of the confidence interval. NaN if fewer than two lists count.
        high: Upper end of the confidence interval. NaN if fewer than two lists count.
        confidence: Share of such intervals that hold the true mean, e.g. 0.95.
        lists: Number of lists that count in the mean.
        blank: Number of lists without a value, whether they count ("zero", "one") or not ("skip").
    """

    value: float
    low: float
    high: float
    confidence: float
    lists: int
    blank: int


def mean_interval(
    values: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    blank: Blank = "skip",
    method: Method = "percentile",
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Mean of one value per list, in the values' unit, with its bootstrap interval.

    Args:
        values: Float ``[lists]``, NaN where a list has no value. A CPU tensor will do.
        weights: Float ``[lists]``, not negative: a weighted mean. Their scale is irrelevant, and a
            list of weight 0 is as good as absent.
        blank: What a list without a value counts as, decided before any resampling.
        method: "percentile", or "bca", whose two ends miss equally often when the values are
            skewed.
        confidence: Between 0 and 1, both excluded.
        resamples: Number of bootstrap resamples; the ends of the interval carry their noise.
        seed: Of the resampling: the same seed and values give the same interval, in whatever order
            the lists come.

    Returns:
        The interval. With one list the mean has no spread to estimate, so ``low`` and ``high`` are
        NaN; with none ``value`` is NaN too.

    Raises:
        ValueError: ``values`` has more than one dimension or an infinite value, or an argument is
            outside its range.

    Example:
        >>> found = mean_interval([0.2, 0.4, 0.9, float("nan")], seed=1)
        >>> print(f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}], {found.lists} lists")
        0.50 [0.20, 0.90], 3 lists
    """
    columns = columns_of(one_column(values, "values"), weights=weights, blank=blank)
    return _intervals(columns, method, confidence, resamples, seed)[0]


def mean_intervals(
    values: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    members: npt.ArrayLike | None = None,
    blank: Blank = "skip",
    method: Method = "percentile",
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[Interval, ...]:
    """Means of many metrics or slices at once, with their intervals on the same resamples.

    Args:
        values: Float ``[lists, columns]``, NaN where a list has no value.
        weights: As in :func:`mean_interval`.
        members: Bool ``[lists, columns]``, False where a list is outside the column's slice: it
            then never counts there, whatever ``blank`` says.
        blank: As in :func:`mean_interval`.
        method: As in :func:`mean_interval`.
        confidence: Between 0 and 1, both excluded, of each interval by itself.
        resamples: Number of bootstrap resamples. One that holds no list of a small slice is left
            out of that slice's interval.
        seed: Of the resampling.

    Returns:
        One interval per column.

    Raises:
        ValueError: As :func:`mean_interval`, or ``members`` has another shape.

    Example:
        >>> phone = [[True, True], [True, False], [True, True]]
        >>> found = mean_intervals([[0.2, 0.2], [0.4, 0.4], [0.9, 0.9]], members=phone)
        >>> [(round(one.value, 2), one.lists) for one in found]
        [(0.5, 3), (0.55, 2)]
    """
    columns = columns_of(values, weights=weights, members=members, blank=blank)
    return _intervals(columns, method, confidence, resamples, seed)


def difference_interval(
    values: npt.ArrayLike,
    baseline: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    blank: Blank = "skip",
    method: Method = "percentile",
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Mean of ``values - baseline`` over the same lists, with its bootstrap interval.

    The difference is paired: a hard list is hard for both, so its interval is much narrower than
    the two intervals of :func:`mean_interval` side by side suggest.

    Args:
        values: Float ``[lists]``, NaN where a list has no value.
        baseline: Float ``[lists]``, the same lists in the same order.
        weights: As in :func:`mean_interval`.
        blank: What a missing value counts as, on either side. "skip" leaves out a list that misses
            either value.
        method: As in :func:`mean_interval`.
        confidence: Between 0 and 1, both excluded.
        resamples: Number of bootstrap resamples.
        seed: Of the resampling.

    Returns:
        The interval of the difference; ``blank`` counts lists that miss either value.

    Raises:
        ValueError: As :func:`mean_interval`, or the two differ in length.

    Example:
        >>> found = difference_interval([0.9, 0.5, 0.7], [0.8, 0.3, 0.7])
        >>> print(f"{found.value:+.2f} [{found.low:+.2f}, {found.high:+.2f}]")
        +0.10 [+0.00, +0.20]
    """
    ours, theirs = one_column(values, "values"), one_column(baseline, "baseline")
    columns = paired_columns(ours, theirs, weights=weights, blank=blank)
    return _intervals(columns, method, confidence, resamples, seed)[0]


def difference_intervals(
    values: npt.ArrayLike,
    baseline: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    members: npt.ArrayLike | None = None,
    blank: Blank = "skip",
    method: Method = "percentile",
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[Interval, ...]:
    """Paired differences of many metrics or slices at once, on the same resamples.

    Args:
        values: Float ``[lists, columns]``, NaN where a list has no value.
        baseline: Float ``[lists, columns]``, the same lists and columns.
        weights: As in :func:`mean_interval`.
        members: As in :func:`mean_intervals`.
        blank: As in :func:`difference_interval`.
        method: As in :func:`mean_interval`.
        confidence: Between 0 and 1, both excluded, of each interval by itself.
        resamples: Number of bootstrap resamples.
        seed: Of the resampling.

    Returns:
        One interval per column.

    Raises:
        ValueError: As :func:`mean_intervals`, or the two differ in shape.

    Example:
        >>> found = difference_intervals([[0.9, 1.0], [0.5, 1.0]], [[0.8, 0.5], [0.3, 0.5]])
        >>> [round(one.value, 2) for one in found]
        [0.15, 0.5]
    """
    columns = paired_columns(values, baseline, weights=weights, members=members, blank=blank)
    return _intervals(columns, method, confidence, resamples, seed)


def _intervals(
    columns: Columns, method: Method, confidence: float, resamples: int, seed: int
) -> tuple[Interval, ...]:
    found = bootstrap_means(columns.values, columns.weights, resamples=resamples, seed=seed)
    statistics = zip(found.means, found.resampled.T, found.jackknife.T, strict=True)
    ends = [interval_ends(*one, confidence=confidence, method=method) for one in statistics]
    return tuple(
        Interval(
            value=float(value),
            low=low,
            high=high,
            confidence=confidence,
            lists=int(lists),
            blank=int(blank),
        )
        for value, (low, high), lists, blank in zip(
            found.means, ends, columns.lists, columns.blank, strict=True
        )
    )
