"""Histograms of list lengths and positions that fit on a screen."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pipelines.inspect.counts import POSITIONS, Part
from pipelines.inspect.shards import Array

MOST_BINS = 12
ROUND = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)


class Bin(NamedTuple):
    """Whole numbers from ``first`` to ``last``, and how many there are."""

    first: int
    last: int
    lists: int

    @property
    def label(self) -> str:
        """How the bin reads.

        Example:
            >>> Bin(3, 3, 0).label, Bin(11, 20, 0).label
            ('3', '11–20')
        """
        return f"{self.first}" if self.first == self.last else f"{self.first}\N{EN DASH}{self.last}"


def length_bins(lengths: Array) -> list[Bin]:
    """Bin lists by their length, in at most ``MOST_BINS`` bins of one round width and a tail.

    Args:
        lengths: Lists per number of documents.

    Example:
        >>> [bin.label for bin in length_bins(np.array([0, 3, 5, 0, 2]))]
        ['1', '2', '3', '4']
    """
    found = np.flatnonzero(lengths)
    if not len(found):
        return []
    least, most = int(found[0]), int(found[-1])
    bulk = int(np.searchsorted(np.cumsum(lengths), 0.99 * lengths.sum()))
    width = next((wide for wide in ROUND if (bulk - least) // wide < MOST_BINS - 1), ROUND[-1])
    # Bins are 1–10, 11–20, …: that of the shortest list comes first.
    first = (max(least, 1) - 1) // width * width + 1 if least else 0
    edges = [*range(first, bulk + 1, width)]
    edges.append(edges[-1] + width)
    if edges[-1] <= most:
        edges.append(most + 1)
    return [Bin(low, high - 1, int(lengths[low:high].sum())) for low, high in pairwise(edges)]


def length_quantile(lengths: Array, share: float) -> int | None:
    """Return the length that ``share`` of the lists do not exceed."""
    total = int(lengths.sum())
    return int(np.searchsorted(np.cumsum(lengths), share * total - 1e-9)) if total else None


class Place(NamedTuple):
    """A logged position: how many documents stood there, and how many have a grade above 0."""

    position: int
    documents: int
    relevant: int


def places(part: Part) -> list[Place]:
    """Return every position that occurs, up to ``POSITIONS``."""
    documents, relevant = part.positions
    found = [int(at) for at in np.flatnonzero(documents) if at <= POSITIONS]
    return [Place(at, int(documents[at]), int(relevant[at])) for at in found]
