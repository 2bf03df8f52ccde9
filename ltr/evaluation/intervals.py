"""Bootstrap confidence intervals of a mean over lists, and of the paired difference of two means.

Lists are the unit that is resampled: documents of one list are not independent of each other.
The percentile interval (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13)
is scipy's; this module decides what happens to lists without a value.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from ltr.lists import check_choice
from ltr.metrics import Blank

# 4 million drawn numbers at a time: about 64 MB, whatever the number of lists.
DRAWS_AT_A_TIME = 4_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A mean over lists and how far it may be off.

    Attributes:
        value: The mean itself. NaN if no list counts.
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
    blank: Blank = "skip",
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Mean of one value per list, in the values' unit, with its percentile bootstrap interval.

    Args:
        values: Float ``[lists]``, NaN where a list has no value. A CPU tensor will do.
        blank: What a list without a value counts as, decided before any resampling.
        confidence: Between 0 and 1, both excluded.
        resamples: Number of bootstrap resamples; the ends of the interval carry their noise.
        seed: Of the resampling: the same seed and values give the same interval.

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
    numbers = _one_dimension(values, "values")
    undefined = np.isnan(numbers)
    kept = _without_blanks(numbers, undefined, blank)
    return _bootstrap(kept, int(undefined.sum()), confidence, resamples, seed)


def difference_interval(
    values: npt.ArrayLike,
    baseline: npt.ArrayLike,
    *,
    blank: Blank = "skip",
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Mean of ``values - baseline`` over the same lists, with its percentile bootstrap interval.

    The difference is paired: a hard list is hard for both, so its interval is much narrower than
    the two intervals of :func:`mean_interval` side by side suggest.

    Args:
        values: Float ``[lists]``, NaN where a list has no value.
        baseline: Float ``[lists]``, the same lists in the same order.
        blank: What a missing value counts as, on either side. "skip" leaves out a list that misses
            either value.
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
    ours, theirs = _one_dimension(values, "values"), _one_dimension(baseline, "baseline")
    if len(ours) != len(theirs):
        msg = (
            f"values and baseline must hold the same lists; got {len(ours)} and {len(theirs)} lists"
        )
        raise ValueError(msg)
    undefined = np.isnan(ours) | np.isnan(theirs)
    kept = _without_blanks(ours, undefined, blank) - _without_blanks(theirs, undefined, blank)
    return _bootstrap(kept, int(undefined.sum()), confidence, resamples, seed)


def _one_dimension(values: npt.ArrayLike, name: str) -> npt.NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        msg = f"{name} must be one number per list, [lists]; got shape {list(numbers.shape)}"
        raise ValueError(msg)
    if np.isinf(numbers).any():
        msg = f"{name} must be finite, or NaN for a blank list; got {np.isinf(numbers).sum()} inf"
        raise ValueError(msg)
    return numbers


def _without_blanks(
    numbers: npt.NDArray[np.float64], undefined: npt.NDArray[np.bool_], blank: Blank
) -> npt.NDArray[np.float64]:
    check_choice("blank", blank, Blank)
    if blank == "skip":
        return numbers[~undefined]
    return np.where(np.isnan(numbers), float(blank == "one"), numbers)


def _bootstrap(
    kept: npt.NDArray[np.float64], blank: int, confidence: float, resamples: int, seed: int
) -> Interval:
    if not 0 < confidence < 1:
        msg = f"confidence must lie between 0 and 1; got {confidence}"
        raise ValueError(msg)
    if resamples < 1:
        msg = f"resamples must be at least 1; got {resamples}"
        raise ValueError(msg)
    value = float(kept.mean()) if len(kept) else math.nan
    low, high = _percentiles(kept, confidence, resamples, seed)
    return Interval(
        value=value, low=low, high=high, confidence=confidence, lists=len(kept), blank=blank
    )


def _percentiles(
    kept: npt.NDArray[np.float64], confidence: float, resamples: int, seed: int
) -> tuple[float, float]:
    if len(kept) < 2:
        return math.nan, math.nan
    found = stats.bootstrap(
        (kept,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, DRAWS_AT_A_TIME // len(kept)),
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)
