"""Which rows of a frame make a list: those of one query, wherever they stand."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Places = npt.NDArray[np.int64]


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
    is_whole: bool
    """Whether these are all rows of the frame, in their order."""

    @classmethod
    def of(cls, queries: pl.Series) -> "RowsOfLists":
        """Find the rows of each query.

        Args:
            queries: Of every row.
        """
        # A query's rows mostly stand together: what follows looks at runs of rows, not at rows.
        is_first = queries.ne_missing(queries.shift(1)).to_numpy().copy()
        is_first[:1] = True
        starts = np.flatnonzero(is_first)
        lengths = np.diff(np.append(starts, len(queries)))
        heads = queries.gather(starts)
        if not heads.null_count() and heads.n_unique() == len(heads):
            return cls(np.arange(len(queries)), lengths, is_whole=True)
        list_of_run = _numbered(heads)
        order = np.argsort(list_of_run, kind="stable")
        order = order[np.count_nonzero(list_of_run < 0) :]
        together = np.bincount(list_of_run[order], weights=lengths[order]).astype(np.int64)
        return cls(_spread(starts[order], lengths[order]), together, is_whole=False)

    @property
    def firsts(self) -> Places:
        """The row that each list begins with; [lists]."""
        return self.rows[self.starts]

    def places(self, lists: Places) -> Places:
        """Where in ``rows`` those of some lists are; [their docs]."""
        return _spread(self.starts[lists], self.lengths[lists])

    @property
    def starts(self) -> Places:
        """Where in ``rows`` each list begins; [lists]."""
        return np.cumsum(self.lengths) - self.lengths


def _numbered(keys: pl.Series) -> Places:
    """The number of each key in the order of their first appearance; -1 where it is null."""
    codes = keys.rechunk().to_arrow().dictionary_encode().indices.fill_null(-1)
    numbers: Places = codes.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers


def _spread(starts: Places, lengths: Places) -> Places:
    """The row numbers of runs that begin at ``starts`` and are ``lengths`` long."""
    shift = starts - (np.cumsum(lengths) - lengths)
    return np.repeat(shift, lengths) + np.arange(lengths.sum())
