"""Scales within a list: what a number says beside the others of its query."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.config import Column
from pipelines.encoder._exact import Floats

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Lists:
    """Which rows belong together. The rows of a list need not lie together."""

    order: Places | None
    """Puts the rows of each list together; None where they already are."""
    starts: Places
    lengths: Places

    @classmethod
    def of(cls, queries: pl.Series) -> "Lists":
        """Find the rows of each query; those without one are one list."""
        order = None
        runs = queries.rle_id()
        if len(queries) and queries.n_unique() != runs[-1] + 1:
            order = queries.arg_sort().to_numpy().astype(np.intp)
            runs = queries.gather(order).rle_id()
        starts = np.flatnonzero(np.diff(runs.to_numpy(), prepend=np.uint32(2**32 - 1)))
        return cls(order, starts, np.diff(np.append(starts, len(queries))))

    def scaled(self, values: Floats, settings: Column) -> Floats:
        """Scale each value by its list; NaN, and a list whose values are all equal, gives 0.

        The result does not depend on the order of the rows.
        """
        if not len(values):
            return values
        # 0 of -0: which of the two is the lowest would depend on the order.
        together = (values if self.order is None else values[self.order]) + 0.0
        scale = self._minmax if settings.scale == "list_minmax" else self._standard
        scaled = np.where(np.isnan(together), 0.0, scale(together, settings.deviations))
        if self.order is None:
            return scaled
        back = np.empty_like(scaled)
        back[self.order] = scaled
        return back

    def _minmax(self, values: Floats, _: float) -> Floats:
        lowest = np.fmin.reduceat(values, self.starts)
        ranges = np.fmax.reduceat(values, self.starts) - lowest
        scaled: Floats = (values - self._each(lowest)) / self._each(
            np.where(ranges > 0, ranges, 1.0)
        )
        return scaled

    def _standard(self, values: Floats, deviations: float) -> Floats:
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
