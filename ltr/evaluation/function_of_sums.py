"""Intervals of a number that is a function of sums over lists, and no mean of values per list.

The calibration error of a log is one: its bins are filled by the documents of all lists together.
Lists are resampled all the same, because documents of one list are not independent of each other,
and the number is computed anew from the sums of each resample.

A distance from 0, such as a calibration error, is larger in a resample than in the sample, because
resampling adds chance to every sum. The ends are therefore those of the basic bootstrap (Davison
and Hinkley, Bootstrap Methods and their Application, 1997, section 5.2.1), which takes the same
excess out of the sample that the resamples have over it.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ltr.evaluation.bootstrap import product
from ltr.evaluation.intervals import Interval
from ltr.evaluation.resampling import generator, resample_counts

Floats = npt.NDArray[np.float64]


def function_interval(
    sums: npt.ArrayLike,
    function: Callable[[Floats], Floats],
    *,
    weights: npt.ArrayLike | None = None,
    lowest: float = -np.inf,
    highest: float = np.inf,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """A function of sums over lists, in its own unit, with its basic bootstrap interval.

    Args:
        sums: Float ``[lists, columns]``, what each list adds to each sum.
        function: From sums ``[..., columns]`` to the number, ``[...]``.
        weights: Float ``[lists]``, not negative: what a list adds is multiplied by it, and a list
            of weight 0 does not count.
        lowest: The number cannot be lower: the interval ends there.
        highest: Nor higher.
        confidence: Between 0 and 1, both excluded.
        resamples: Number of bootstrap resamples of the lists.
        seed: Of the resampling.

    Returns:
        The interval, which may leave out the number itself where most of that is chance. ``low``
        and ``high`` are NaN if fewer than two lists count, and ``value`` too if none does.

    Raises:
        ValueError: A shape, a sum, a weight or the confidence is out of its range.

    Example:
        >>> spread = function_interval([[1.0, 2.0], [3.0, 2.0]], lambda x: x[..., 0] / x[..., 1])
        >>> spread.value, spread.lists
        (1.0, 2)
    """
    added = _checked(sums, weights)
    if not 0 < confidence < 1:
        msg = f"confidence must lie between 0 and 1; got {confidence}"
        raise ValueError(msg)
    lists = len(added)
    value = float(function(added.sum(axis=0))) if lists else np.nan
    low = high = np.nan
    if lists > 1:
        blocks = resample_counts(lists, resamples, generator(seed))
        drawn = np.concatenate([function(product(counts, added)) for counts in blocks])
        outer = np.quantile(drawn[~np.isnan(drawn)], [(1 + confidence) / 2, (1 - confidence) / 2])
        low, high = np.clip(2 * value - outer, lowest, highest)
    return Interval(
        value=value, low=float(low), high=float(high), confidence=confidence, lists=lists, blank=0
    )


def _checked(sums: npt.ArrayLike, weights: npt.ArrayLike | None) -> Floats:
    given = np.asarray(sums, dtype=np.float64)
    if given.ndim != 2 or not np.isfinite(given).all():
        msg = f"sums must be finite, [lists, columns]; got shape {list(given.shape)}"
        raise ValueError(msg)
    masses = np.ones(len(given)) if weights is None else np.asarray(weights, dtype=np.float64)
    if masses.shape != (len(given),) or not (np.isfinite(masses) & (masses >= 0)).all():
        msg = f"weights must be finite and not negative, [{len(given)}]; got {list(masses.shape)}"
        raise ValueError(msg)
    added = given[masses > 0] * masses[masses > 0, None]
    # Equal lists give equal resamples in whatever order they come.
    return np.asarray(added[np.lexsort(added.T[::-1])])
