"""Vocabulary: the ids that are known, and the number that each has."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Known ids, the most frequent first, and their numbers from 1 on; 0 is every other id.

    Example:
        >>> counts = pl.DataFrame({"id": ["a", "b", "c"], "count": [5, 9, 1]})
        >>> yesterday = Vocabulary.fit(counts, min_count=2)
        >>> yesterday.ids.to_list(), yesterday.numbers.tolist()
        (['b', 'a'], [1, 2])

        Today ``b`` is gone, and its number with it; ``c`` takes it over, and ``d`` gets a new one:

        >>> counts = pl.DataFrame({"id": ["a", "c", "d"], "count": [2, 7, 3]})
        >>> today = Vocabulary.fit(counts, min_count=2, previous=yesterday)
        >>> dict(zip(today.ids, today.numbers.tolist()))
        {'c': 1, 'd': 3, 'a': 2}
    """

    ids: pl.Series
    numbers: Integers
    size: int
    """Above every number, and never below what it was yesterday."""

    @classmethod
    def fit(
        cls,
        counts: pl.DataFrame,
        *,
        min_count: int,
        max_ids: int | None = None,
        previous: "Vocabulary | None" = None,
    ) -> "Vocabulary":
        """Keep the frequent ids; those that ``previous`` knows keep their numbers."""
        frequent = counts.filter(pl.col("count") >= min_count)
        ids = frequent.sort(["count", "id"], descending=[True, False])["id"].head(
            len(frequent) if max_ids is None else max_ids
        )
        if previous is None:
            return cls(ids, np.arange(1, len(ids) + 1), len(ids) + 1)
        numbers = previous.encode(ids)
        new = numbers == 0
        taken = np.zeros(previous.size + len(ids), np.bool_)
        taken[numbers] = taken[0] = True
        numbers[new] = np.flatnonzero(~taken)[: new.sum()]
        return cls(ids, numbers, max(previous.size, int(numbers.max(initial=0)) + 1))

    def encode(self, ids: pl.Series) -> Integers:
        """Return the number of each id; 0 where it is null or not known."""
        return np.concatenate([self.numbers, [0]])[self.ranks(ids)]

    def ranks(self, ids: pl.Series) -> Integers:
        """Return the place of each id by frequency, from 0; after the last where not known."""
        asked, known = _arrow(ids), _arrow(self.ids)
        if len(known) * 8 < len(asked):
            return _filled(pc.index_in(asked, value_set=known, skip_nulls=True), len(known))
        # A table of all known ids costs more than the search: of those asked for a smaller one is
        # made, and the known ones are looked up in it.
        coded = asked.dictionary_encode()
        found = pc.index_in(known, value_set=coded.dictionary)
        ranks = np.full(len(coded.dictionary) + 1, len(known))
        ranks[found.drop_null()] = np.flatnonzero(found.is_valid())
        return ranks[_filled(coded.indices, len(coded.dictionary))]


def _filled(numbers: pa.Array, null: int) -> Integers:
    filled = pc.fill_null(numbers, null).to_numpy(zero_copy_only=False)
    return filled.astype(np.int64)  # type: ignore[no-any-return]


def _arrow(ids: pl.Series) -> pa.Array:
    return ids.cast(pl.String).rechunk().to_arrow().cast(pa.large_string())
