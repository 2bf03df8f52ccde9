"""Count numbers on a decimal grid: a sketch whose counts merge exactly.

A number is rounded to a power of ten that is between a hundredth and a thousandth of the column's
deviation. Whoever wrote 5.2 into the log gets 5.2 back, whatever mean and deviation it was scaled
with meanwhile: so numbers of two folders with two encoders can be compared, ties and all.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipelines.inspect.shards import Array

FAR = 10_000
"""Steps from the centre beyond which the grid gets ten times coarser with every decade."""
DENSE = 4_000_000
"""Widest range of grid points that is counted in an array."""


@dataclass(slots=True)
class Numbers:
    """How often each grid point occurred.

    Example:
        >>> import numpy as np
        >>> prices = Numbers.empty(lambda scaled: scaled * 2 + 10)
        >>> prices.add(np.array([-1.0, 0, 0, 1.5], dtype="float32"))
        >>> prices.points.tolist(), prices.counts.tolist(), prices.quantile(0.5)
        ([8.0, 10.0, 13.0], [1, 2, 1], 10.0)
    """

    unscale: Callable[[Array], Array]
    """From the numbers as they are stored to those of the log."""
    exponent: int
    """The grid's step is 10 to this power."""
    centre: float
    """Of the log's numbers: what a stored 0 stands for."""
    points: Array
    """[points] float64, ascending."""
    counts: Array
    """[points] int64."""
    filled: int = 0
    """How many were stored as exactly 0: so are missing numbers, and hardly any other."""

    @classmethod
    def empty(cls, unscale: Callable[[Array], Array]) -> "Numbers":
        """Choose the grid of a column from how its numbers are scaled."""
        low, centre, high = (float(number) for number in unscale(np.array([-1.0, 0.0, 1.0])))
        deviation = (high - low) / 2
        usable = np.isfinite(deviation) and deviation > 0
        exponent = int(np.floor(np.log10(deviation))) - 2 if usable else -2
        return cls(unscale, exponent, centre, np.empty(0), np.empty(0, np.int64))

    @property
    def total(self) -> int:
        """How many numbers were counted."""
        return int(self.counts.sum())

    def add(self, stored: Array) -> None:
        """Count numbers as they are stored."""
        if not len(stored):
            return
        steps = self._steps(self.unscale(stored.astype(np.float64)))
        points, counts = _count(steps)
        self.filled += int((stored == 0).sum())
        self._merge(_on_grid(points, self.exponent), counts)

    def merge(self, other: "Numbers") -> None:
        """Add the counts of another part of the same column."""
        self.filled += other.filled
        self._merge(other.points, other.counts)

    def coarsened(self, exponent: int) -> "Numbers":
        """Return the same counts on a grid that is at least as coarse as ``10**exponent``."""
        if exponent <= self.exponent:
            return self
        none, no_counts = np.empty(0), self.counts[:0]
        coarse = Numbers(self.unscale, exponent, self.centre, none, no_counts, self.filled)
        coarse._merge(_on_grid(_round(self.points, exponent), exponent), self.counts)
        return coarse

    def without_filled(self) -> tuple["Numbers", int]:
        """Take out what was stored as missing numbers are; return the rest and its number.

        Every encoder puts them at its own mean: there they would look like a move of the column.
        Numbers of the log that are only near the mean stay.
        """
        centre = _on_grid(_round(np.array(self.centre), self.exponent), self.exponent)
        counts = self.counts - np.where(self.points == centre, self.filled, 0)
        left = counts > 0
        points, counts = self.points[left], counts[left]
        return Numbers(self.unscale, self.exponent, self.centre, points, counts), self.filled

    def quantile(self, share: float) -> float | None:
        """Return the smallest grid point that ``share`` of the numbers do not exceed."""
        if not self.total:
            return None
        at = np.searchsorted(np.cumsum(self.counts), share * self.total - 1e-9)
        return float(self.points[min(int(at), len(self.points) - 1)])

    def mean(self) -> float | None:
        """Return the mean of the grid points."""
        return float(self.points @ self.counts / self.total) if self.total else None

    def _steps(self, raw: Array) -> Array:
        steps, centre = _round(raw, self.exponent), _round(np.array(self.centre), self.exponent)
        far = np.abs(steps - centre) > FAR
        if far.any():
            decades = np.ceil(np.log10(np.abs(steps[far] - centre) / FAR))
            wide = 10.0**decades
            steps[far] = np.rint(steps[far] / wide) * wide
        return steps

    def _merge(self, points: Array, counts: Array) -> None:
        together = np.concatenate([self.points, points])
        self.points, place = np.unique(together, return_inverse=True)
        weights = np.concatenate([self.counts, counts])
        # Sums of whole numbers stay exact in float64 up to 2**53.
        self.counts = np.bincount(place, weights, len(self.points)).astype(np.int64)


def _round(raw: Array, exponent: int) -> Array:
    scale = 10.0 ** abs(exponent)
    # + 0.0, because there is no -0 on a grid.
    return np.asarray(np.rint(raw / scale if exponent > 0 else raw * scale) + 0.0)


def _on_grid(steps: Array, exponent: int) -> Array:
    """Return whole steps as numbers; a division gives the double that is nearest to 0.3."""
    scale = 10.0 ** abs(exponent)
    return steps * scale if exponent > 0 else steps / scale


def _count(steps: Array) -> tuple[Array, Array]:
    least, most = steps.min(), steps.max()
    if most - least > DENSE:
        return np.unique(steps, return_counts=True)
    counts = np.bincount((steps - least).astype(np.int64))
    found = np.flatnonzero(counts)
    return found + least, counts[found]
