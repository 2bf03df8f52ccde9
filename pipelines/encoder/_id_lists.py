"""Lists of numbers, one a row: made of their values and lengths, and cut to a length."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Integers = npt.NDArray[np.int64]
Values = Integers | npt.NDArray[np.float32]


def as_lists(values: Values, lengths: Integers) -> pl.Series:
    """Return lists of ``values``, of which ``lengths`` belong to each row."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    arrow = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.array(values))
    return pl.Series(arrow, dtype=pl.List(pl.Float32 if values.dtype == np.float32 else pl.Int64))


def kept(lengths: Integers, most: int, ranks: Integers | None = None) -> npt.NDArray[np.bool_]:
    """Say of each value whether its row keeps it: the ``most`` first, or those of lowest rank.

    Of values of one rank the first are kept.

    Example:
        >>> kept(np.array([3, 1]), 2).tolist()
        [True, True, False, True]
        >>> kept(np.array([3, 1]), 2, ranks=np.array([7, 9, 0, 5])).tolist()
        [True, False, True, True]
    """
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = np.arange(len(starts)) - starts
    if ranks is None:
        return places < most
    # Within each row, as rows stay together: the place of a value if its row were sorted.
    longest, last = int(lengths.max(initial=0)), int(ranks.max(initial=0))
    order = np.argsort((starts * (last + 1) + ranks) * longest + places)
    keeps = np.empty(len(starts), np.bool_)
    keeps[order] = places < most
    return keeps
