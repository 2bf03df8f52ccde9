"""What is counted of lists: sums and counts only, so that pieces of any number merge exactly."""

from dataclasses import dataclass, field

import numpy as np

from ltr.data.manifest import Feature
from pipelines.inspect.decode import Decoder
from pipelines.inspect.grid import Numbers
from pipelines.inspect.shards import Array, Piece, Values

POSITIONS = 1_000
"""Logged positions that are counted one by one; all beyond count together."""
GRADES = 256


@dataclass(slots=True)
class Share:
    """A share of documents, with what its error needs: documents of one list are alike.

    The error is that of a ratio of two sums over lists (Cochran, Sampling Techniques, 1977, 6.3).

    Example:
        >>> share = Share()
        >>> share.add(hits=np.array([1, 0, 3]), units=np.array([4, 4, 4]))
        >>> print(f"{share.value:.3f} ± {share.error:.3f}")
        0.333 ± 0.180
    """

    lists: int = 0
    hits: int = 0
    units: int = 0
    hits_hits: int = 0
    hits_units: int = 0
    units_units: int = 0

    def add(self, hits: Array, units: Array) -> None:
        """Count lists, each with its ``units`` and the ``hits`` among them."""
        hits, units = hits.astype(np.int64), units.astype(np.int64)
        self.lists += len(hits)
        self.hits += int(hits.sum())
        self.units += int(units.sum())
        self.hits_hits += int(hits @ hits)
        self.hits_units += int(hits @ units)
        self.units_units += int(units @ units)

    def merge(self, other: "Share") -> None:
        """Add the counts of other lists."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def value(self) -> float | None:
        """Hits per unit; None without a unit."""
        return self.hits / self.units if self.units else None

    @property
    def error(self) -> float:
        """Standard error of ``value``."""
        if not self.units:
            return float("inf")
        rate = self.hits / self.units
        spread = self.hits_hits - 2 * rate * self.hits_units + rate**2 * self.units_units
        return float(np.sqrt(max(spread, 0.0)) / self.units)


@dataclass(slots=True)
class Ids:
    """How often each id of a column occurred."""

    counts: Array
    """[size] int64; number 0 is "unseen"."""
    rows: int = 0
    empty: int = 0
    """Rows without any id; only a multi-valued column has such."""
    unseen: Share = field(default_factory=Share)

    def add(self, found: Values, lengths: Array) -> None:
        """Count the ids of a piece; ``lengths`` are rows per list."""
        counted = np.bincount(found.values)
        self.counts[: len(counted)] += counted
        per_row = np.ones(int(lengths.sum()), np.int64) if found.per_row is None else found.per_row
        self.rows += len(per_row)
        self.empty += int((per_row == 0).sum())
        units = sums_of_runs(per_row, lengths)
        self.unseen.add(hits=sums_of_runs(found.values == 0, units), units=units)

    def merge(self, other: "Ids") -> None:
        """Add the counts of other lists."""
        self.counts = self.counts + other.counts
        self.rows, self.empty = self.rows + other.rows, self.empty + other.empty
        self.unseen.merge(other.unseen)

    @property
    def used(self) -> int:
        """Ids of the vocabulary that occur at all."""
        return int(np.count_nonzero(self.counts[1:]))


class Part:
    """What is counted of one part of the lists, or of several together."""

    def __init__(self, features: tuple[Feature, ...], decoder: Decoder) -> None:
        self.features, self.decoder = features, decoder
        self.lists = self.documents = self.single = 0
        self.grades = np.zeros(GRADES, np.int64)
        """Documents per grade."""
        self.lengths = np.zeros(1, np.int64)
        """Lists per number of documents."""
        self.positions = np.zeros((2, POSITIONS + 2), np.int64)
        """Documents, and those with a grade above 0, at each logged position."""
        self.relevant, self.blank = Share(), Share()
        ids = [feature for feature in features if feature.size is not None]
        self.ids = {one.column: Ids(np.zeros(one.size or 0, np.int64)) for one in ids}
        numbers = [feature.column for feature in features if feature.kind == "number"]
        self.numbers = {column: Numbers.empty(decoder.unscale(column)) for column in numbers}

    def add(self, piece: Piece) -> None:
        """Count the lists of a piece."""
        is_relevant = piece.grades > 0
        relevant = sums_of_runs(is_relevant, piece.lengths)
        self.lists += len(piece.lengths)
        self.documents += len(piece.grades)
        self.single += int((piece.lengths == 1).sum())
        self.grades += np.bincount(piece.grades, minlength=GRADES)
        self.lengths = _added(self.lengths, np.bincount(piece.lengths))
        self.relevant.add(relevant, piece.lengths)
        self.blank.add(relevant == 0, np.ones_like(relevant))
        places = np.clip(piece.positions, 0, POSITIONS + 1)
        self.positions[0] += np.bincount(places, minlength=POSITIONS + 2)
        self.positions[1] += np.bincount(places[is_relevant], minlength=POSITIONS + 2)
        self._add_features(piece)

    def _add_features(self, piece: Piece) -> None:
        one_each = np.ones_like(piece.lengths)
        for feature in self.features:
            found = piece.features[feature.column]
            if feature.kind == "number":
                self.numbers[feature.column].add(found.values)
            else:
                rows = one_each if feature.side == "query" else piece.lengths
                self.ids[feature.column].add(found, rows)

    def merge(self, other: "Part") -> None:
        """Add the counts of another part of the same folder."""
        self.lists += other.lists
        self.documents += other.documents
        self.single += other.single
        self.grades = self.grades + other.grades
        self.lengths = _added(self.lengths, other.lengths)
        self.positions = self.positions + other.positions
        self.relevant.merge(other.relevant)
        self.blank.merge(other.blank)
        for column, ids in self.ids.items():
            ids.merge(other.ids[column])
        for column, numbers in self.numbers.items():
            numbers.merge(other.numbers[column])


def sums_of_runs(values: Array, lengths: Array) -> Array:
    """Sum runs of ``values`` that are ``lengths`` long; an empty run sums to 0.

    Example:
        >>> sums_of_runs(np.array([1, 1, 5]), np.array([2, 0, 1])).tolist()
        [2, 0, 5]
    """
    until = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    ends = np.cumsum(lengths)
    return np.asarray(until[ends] - until[ends - lengths])


def _added(one: Array, other: Array) -> Array:
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    total = longer.astype(np.int64)
    total[: len(shorter)] += shorter
    return total
