"""Which rows of a frame make a list: those of one query, wherever they stand."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

Places = npt.NDArray[np.int64]
Lot = Places | slice
"""The numbers of some lists or rows, or from which to which."""
OLDEST, NEWEST = pl.CompatLevel.oldest(), pl.CompatLevel.newest()


@dataclass(frozen=True, slots=True)
class RowsOfLists:
    """The rows of each list, list after list.

    Lists are in the order in which their first rows stand, and so are the rows of each list. Rows
    without a query belong to no list.

    Example:
        >>> lists = RowsOfLists.of(pl.Series(["b", "a", None, "b"]))
        >>> lists.rows.tolist(), lists.lengths.tolist(), lists.is_whole
        ([0, 3, 1], [2, 1], False)
    """

    rows: Places
    """[docs]: the number of each row in the frame."""
    lengths: Places
    """[lists]."""
    starts: Places
    """Where in ``rows`` each list begins; [lists]."""
    is_whole: bool
    """Whether these are all rows of the frame, in their order."""

    @classmethod
    def of(cls, queries: pl.Series) -> "RowsOfLists":
        """Find the rows of each query.

        Args:
            queries: Of every row: text, whole numbers or booleans; text may be numbered.
        """
        keys = _plain(queries)
        known = None
        if keys.null_count:
            known = np.flatnonzero(keys.is_valid().to_numpy(zero_copy_only=False))
            keys = keys.drop_null()
        # A query's rows mostly stand together: what follows looks at runs of rows, not at rows.
        starts = _starts_of_runs(keys)
        lengths = np.diff(np.append(starts, len(keys)))
        of_run = keys.take(pa.array(starts)).dictionary_encode().indices.to_numpy()
        if bool((np.diff(of_run) == 1).all()):
            rows = np.arange(len(keys)) if known is None else known
            return cls(rows, lengths, starts, is_whole=known is None)
        order = np.argsort(of_run, kind="stable")
        rows = spread(starts[order], lengths[order])
        together = np.bincount(of_run, weights=lengths).astype(np.int64)
        return cls(
            rows if known is None else known[rows],
            together,
            np.cumsum(together) - together,
            is_whole=False,
        )

    def part(self, first: int, end: int) -> "RowsOfLists":
        """Some lists that follow one another; their ``starts`` count from the first of them."""
        at = int(self.starts[first]) if first < end else 0
        lengths = self.lengths[first:end]
        rows = self.rows[at : at + int(lengths.sum())]
        return RowsOfLists(rows, lengths, self.starts[first:end] - at, self.is_whole)

    def places(self, lists: Lot) -> Lot:
        """Where in ``rows`` those of some lists are."""
        if not isinstance(lists, slice):
            return spread(self.starts[lists], self.lengths[lists])
        start = int(self.starts[lists.start])
        return slice(start, start + int(self.lengths[lists].sum()))


def spread(starts: Places, lengths: Places) -> Places:
    """The numbers of runs that begin at ``starts`` and are ``lengths`` long.

    Example:
        >>> spread(np.array([7, 0]), np.array([2, 3])).tolist()
        [7, 8, 0, 1, 2]
    """
    shift = starts - (np.cumsum(lengths) - lengths)
    return np.repeat(shift, lengths) + np.arange(lengths.sum())


def _plain(queries: pl.Series) -> pa.Array:
    if isinstance(queries.dtype, pl.Categorical | pl.Enum):
        queries = queries.to_physical()
    return queries.rechunk().to_arrow(compat_level=OLDEST)


def _starts_of_runs(keys: pa.Array) -> Places:
    if not len(keys):
        return np.zeros(0, np.int64)
    changes = pc.not_equal(keys[1:], keys[:-1]).to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.flatnonzero(changes) + 1])
