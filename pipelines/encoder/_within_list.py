"""Scales within a list: what a number says beside the others of its query."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ltr.exported.within_list import scaled_within
from pipelines.config import Column
from pipelines.encoder._exact import Floats

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Lists:
    """Which rows belong together. The rows of a list need not lie together."""

    order: Places | None
    """Puts the rows of each list together; None where they already are."""
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
        return cls(order, np.diff(np.append(starts, len(queries))))

    def scaled(self, values: Floats, settings: Column) -> Floats:
        """Scale each value by its list; NaN, and a list whose values are all equal, gives 0.

        The result does not depend on the order of the rows.
        """
        if not len(values):
            return values
        together = values if self.order is None else values[self.order]
        scaled = scaled_within(together, self.lengths, settings.scale, settings.deviations)
        if self.order is None:
            return scaled
        back = np.empty_like(scaled)
        back[self.order] = scaled
        return back
