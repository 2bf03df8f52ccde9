"""Scales within a list: what a number says beside the others of its list."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def scaled_within(values: Floats, lengths: Integers, scale: str, deviations: float) -> Floats:
    """Scale each value by its list; NaN, and a list whose values are all equal, gives 0.

    The result does not depend on the order of a list's values.

    Args:
        values: [docs], list after list.
        lengths: [lists], values per list; none is 0.
        scale: ``list_minmax`` or ``list_standard``.
        deviations: From the mean, at which ``list_standard`` cuts off.

    Example:
        >>> scaled_within(np.array([1.0, 3.0, 2.0, 7.0]), np.array([3, 1]), "list_minmax", 10.0)
        array([0. , 1. , 0.5, 0. ])
    """
    if not len(values):
        return values
    lists = _Lists(np.cumsum(lengths) - lengths, lengths)
    # 0 of -0: which of the two is the lowest would depend on the order.
    numbers = values + 0.0
    scaled = (
        lists.minmax(numbers) if scale == "list_minmax" else lists.standard(numbers, deviations)
    )
    return np.where(np.isnan(numbers), 0.0, scaled)


class _Lists:
    """Values of lists one after another."""

    def __init__(self, starts: Integers, lengths: Integers) -> None:
        self.starts, self.lengths = starts, lengths

    def minmax(self, values: Floats) -> Floats:
        lowest = np.fmin.reduceat(values, self.starts)
        ranges = np.fmax.reduceat(values, self.starts) - lowest
        scaled: Floats = (values - self._each(lowest)) / self._each(
            np.where(ranges > 0, ranges, 1.0)
        )
        return scaled

    def standard(self, values: Floats, deviations: float) -> Floats:
        mean = self._each(self._mean(values))
        apart = values - mean
        deviation = np.sqrt(self._mean(apart * apart))
        varies = np.fmin.reduceat(values, self.starts) < np.fmax.reduceat(values, self.starts)
        unit = self._each(np.where(varies & (deviation > 0), deviation, 1.0))
        return np.where(
            np.repeat(varies, self.lengths), (apart / unit).clip(-deviations, deviations), 0.0
        )

    def _mean(self, values: Floats) -> Floats:
        """The mean of each list's values, NaN left out; the same in any order.

        Values become whole multiples of a unit so large that their sum is exact in float64.
        """
        there = ~np.isnan(values)
        numbers = np.where(there, values, 0.0)
        largest = np.maximum.reduceat(np.abs(numbers), self.starts)
        exponents = np.frexp(largest)[1] + np.frexp(self.lengths.astype(np.float64))[1]
        units = np.ldexp(1.0, np.maximum(exponents - 52, -1022))
        sums = np.add.reduceat(np.rint(numbers / self._each(units)), self.starts) * units
        counts = np.add.reduceat(there.astype(np.float64), self.starts)
        return np.asarray(sums / np.maximum(counts, 1.0))

    def _each(self, of_lists: Floats) -> Floats:
        return np.repeat(of_lists, self.lengths)
