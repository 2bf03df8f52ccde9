"""The ordinary bootstrap of weighted means over lists: many columns on the same resamples.

Every column is the mean sum(w v) / sum(w) over the lists that have a value in it, so a slice, a
weighted metric and a ratio of sums are all columns. Intervals are the percentile interval and BCa
(Efron, Better Bootstrap Confidence Intervals, JASA 1987; Efron and Tibshirani, An Introduction to
the Bootstrap, 1993, chapters 13 and 14), the latter with the acceleration of the jackknife, which
for such means has a closed form.
"""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from ltr.evaluation.resampling import Counts, generator, resample_counts
from ltr.lists import check_choice

Floats = npt.NDArray[np.float64]
Method = Literal["percentile", "bca"]

# OpenBLAS keeps products of so many multiplications in one thread. Thinner ones that it shares out
# spend their time waiting for each other: 20 x slower where other work keeps the cores busy.
ONE_THREAD = 2**18
COLUMNS_AT_A_TIME = 32


class Bootstrap(NamedTuple):
    """Means of several columns, with what their intervals are computed from.

    Attributes:
        means: Float ``[columns]``, NaN where no list has a value.
        resampled: Float ``[resamples, columns]``, NaN where a resample holds no list of the column.
        jackknife: Float ``[lists, columns]``, the mean without that list, NaN where the list is
            not in the column. The lists are in sorted order.
    """

    means: Floats
    resampled: Floats
    jackknife: Floats


def bootstrap_means(values: Floats, weights: Floats, *, resamples: int, seed: int) -> Bootstrap:
    """Weighted means, their resamples and their jackknife, in the values' unit.

    Args:
        values: Float ``[lists, columns]``, NaN where a list is not in a column.
        weights: Float ``[lists, columns]`` or ``[lists, 1]``, not negative. A list of weight 0 is
            not in the column.
        resamples: Number of resamples of the lists.
        seed: Of the resampling.

    Returns:
        All three. The order of the lists changes nothing, to the last bit.

    Raises:
        ValueError: ``resamples`` is below 1.

    Example:
        >>> found = bootstrap_means(np.eye(2), np.ones((2, 1)), resamples=3, seed=0)
        >>> found.means.tolist(), found.jackknife.tolist()
        ([0.5, 0.5], [[1.0, 0.0], [0.0, 1.0]])
    """
    if resamples < 1:
        msg = f"resamples must be at least 1; got {resamples}"
        raise ValueError(msg)
    masses: Floats = np.where(np.isnan(values), 0.0, weights)
    inside = np.where(masses > 0, values, np.nan)
    # By the first column first: its interval does not depend on the columns beside it.
    order = np.lexsort((*masses.T[::-1], *inside.T[::-1]))
    inside, masses = inside[order], masses[order]
    means = weighted_means(inside, masses)
    # Around the mean: the sums then carry no rounding of a large mean, and equal values give 0.
    parts = np.where(masses > 0, masses * (inside - means), 0.0)
    resampled = means + _resampled_ratios(parts, masses, resamples, seed)
    return Bootstrap(means, resampled, _jackknife(means, parts, masses))


def weighted_means(values: Floats, masses: Floats) -> Floats:
    """Weighted mean of each column over the lists of positive weight, in the values' unit.

    Args:
        values: Float ``[lists, columns]``; where the weight is 0 it may be anything.
        masses: Float ``[lists, columns]``, the weights, 0 where a list is not in the column.

    Returns:
        Float ``[columns]``, never outside the values' range; NaN where no list has a weight.

    Example:
        >>> weighted_means(np.array([[1.0], [4.0]]), np.array([[2.0], [1.0]])).tolist()
        [2.0]
    """
    inside = masses > 0
    sums: Floats = np.where(inside, values * masses, 0.0).sum(axis=0)
    totals = masses.sum(axis=0)
    means = np.divide(sums, totals, out=np.full_like(sums, np.nan), where=totals > 0)
    lowest = np.where(inside, values, np.inf).min(axis=0, initial=np.inf)
    highest = np.where(inside, values, -np.inf).max(axis=0, initial=-np.inf)
    clipped: Floats = np.clip(means, lowest, highest)
    return np.where(totals > 0, clipped, np.nan)


def interval_ends(
    value: float, resampled: Floats, jackknife: Floats, *, confidence: float, method: Method
) -> tuple[float, float]:
    """Ends of the confidence interval of one statistic, in its unit.

    Args:
        value: The statistic itself.
        resampled: Float ``[resamples]``, NaN where a resample does not have it.
        jackknife: Float ``[lists]``, the statistic without each list, NaN where that list is not
            in it. Read by "bca" only.
        confidence: Between 0 and 1.
        method: "percentile", or "bca": corrected for bias and for a skewed statistic.

    Returns:
        The lower and the upper end; NaN if fewer than two lists are in the statistic.

    Raises:
        ValueError: ``confidence`` or ``method`` is outside its range.

    Example:
        >>> draws, without = np.arange(101.0), np.array([49.0, 51.0])
        >>> ends = interval_ends(50.0, draws, without, confidence=0.9, method="percentile")
        >>> print(f"{ends[0]:.1f} {ends[1]:.1f}")
        5.0 95.0
    """
    check_choice("method", method, Method)
    if not 0 < confidence < 1:
        msg = f"confidence must lie between 0 and 1; got {confidence}"
        raise ValueError(msg)
    seen = resampled[~np.isnan(resampled)]
    if np.count_nonzero(~np.isnan(jackknife)) < 2 or not len(seen):
        return np.nan, np.nan
    levels = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if method == "bca":
        levels = _bca_levels(levels, value, seen, jackknife[~np.isnan(jackknife)])
    low, high = np.quantile(seen, levels)
    return float(low), float(high)


def _resampled_ratios(parts: Floats, masses: Floats, resamples: int, seed: int) -> Floats:
    lists, columns = parts.shape
    undefined: Floats = np.full((resamples, columns), np.nan)
    if not lists:
        return undefined
    distinct, which = _distinct(masses)
    factors = np.hstack([parts, distinct])
    blocks = resample_counts(lists, resamples, generator(seed))
    sums = np.concatenate([product(counts, factors) for counts in blocks])
    above, below = sums[:, :columns], sums[:, columns:][:, which]
    np.divide(above, below, out=undefined, where=below > 0)
    return undefined


def _distinct(masses: Floats) -> tuple[Floats, list[int]]:
    """Columns over the same lists share their denominator."""
    first: dict[bytes, int] = {}
    which = [first.setdefault(column.tobytes(), len(first)) for column in masses.T]
    return masses[:, [which.index(one) for one in range(len(first))]], which


def product(counts: Counts, factors: Floats) -> Floats:
    """The matrix product of small counts and float64 factors.

    Args:
        counts: UInt8 ``[rows, lists]``.
        factors: Float ``[lists, columns]``.

    Returns:
        Float ``[rows, columns]``.

    Example:
        >>> product(np.array([[2, 1]], dtype=np.uint8), np.array([[0.5], [3.0]])).tolist()
        [[4.0]]
    """
    rows, lists = counts.shape
    columns = factors.shape[1]
    sums = np.zeros((rows, columns))
    step = max(1, ONE_THREAD // (rows * min(columns, COLUMNS_AT_A_TIME)))
    for first in range(0, lists, step):
        floats = counts[:, first : first + step].astype(np.float64)
        for column in range(0, columns, COLUMNS_AT_A_TIME):
            some = slice(column, column + COLUMNS_AT_A_TIME)
            sums[:, some] += floats @ factors[first : first + step, some]
    return sums


def _jackknife(means: Floats, parts: Floats, masses: Floats) -> Floats:
    rest = masses.sum(axis=0) - masses
    several = (masses > 0) & (np.count_nonzero(masses, axis=0) > 1)
    out: Floats = np.full_like(parts, np.nan)
    np.divide(parts.sum(axis=0) - parts, rest, out=out, where=several & (rest > 0))
    return out + means


def _bca_levels(levels: Floats, value: float, resampled: Floats, jackknife: Floats) -> Floats:
    # Half of the ties count as below; a value outside all resamples is taken as half a resample in.
    below = np.mean(resampled < value) / 2 + np.mean(resampled <= value) / 2
    edge = 0.5 / len(resampled)
    bias = special.ndtri(np.clip(below, edge, 1 - edge))
    influence = jackknife.mean() - jackknife
    spread = np.sum(influence**2)
    # Lists that all agree have neither spread nor skew.
    skew = np.sum(influence**3) / (6 * spread**1.5) if spread > 0 else 0.0
    shifted = bias + special.ndtri(levels)
    return np.asarray(special.ndtr(bias + shifted / (1 - skew * shifted)))
