"""An index of known ids that is made once: finding ids in it costs a few memory accesses each.

`Vocabulary` makes a table of ids anew with every call, which is right for the few large calls of
``prepare`` and wrong for many small frames.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.encoder._vocabulary import Integers, Vocabulary
from pipelines.spill.numbered import take_apart

Digests = npt.NDArray[np.uint64]
FEW = 1_000
"""Rows whose texts are looked up one by one."""
SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 through the golden ratio: an odd factor that brings neighbouring numbers far apart."""


@dataclass(frozen=True, slots=True)
class Index:
    """Sorted digests, and for each first few bits where the digests that begin with them are.

    Example:
        >>> index = Index.of(np.array([7, 2**63, 9], np.uint64))
        >>> index.find(np.array([9, 8, 7], np.uint64)).tolist()
        [2, 3, 0]
    """

    digests: Digests
    """Ascending, and then one above all."""
    places: Integers
    """Of each digest, in the order they came in."""
    starts: Integers
    shift: np.uint64

    @classmethod
    def of(cls, digests: Digests) -> Self:
        """Index different digests."""
        bits = max(1, (4 * len(digests)).bit_length())
        shift = np.uint64(64 - bits)
        order = np.argsort(digests)
        ordered = digests[order]
        prefixes = np.arange(1 << bits, dtype=np.uint64) << shift
        last = np.uint64(2**64 - 1)
        return cls(
            digests=np.append(ordered, last),
            places=np.append(order, len(order)),
            starts=np.searchsorted(ordered, prefixes),
            shift=shift,
        )

    def find(self, digests: Digests) -> Integers:
        """The place of each digest; the number of all where it is not there."""
        at = self.starts[digests >> self.shift]
        found = self.digests[at]
        behind = np.flatnonzero(found < digests)
        while len(behind):
            at[behind] += 1
            found[behind] = self.digests[at[behind]]
            behind = behind[found[behind] < digests[behind]]
        places: Integers = self.places[at]
        places[found != digests] = len(self.places) - 1
        return places


@dataclass(frozen=True, eq=False)
class IndexedVocabulary(Vocabulary):
    """A vocabulary with indexes of its ids, as texts and as whole numbers.

    The texts of many rows are found by a digest of 64 bits, and no text is compared: that a text is
    taken for one of a million known ones has the probability 5e-14.
    """

    texts: Index
    whole: Index
    """Of the ids that are whole numbers as a log would write them: 7, and not 007."""
    whole_places: Integers
    table: Integers
    """Numbers by rank, and 0 for what is not known."""
    seed: int

    @classmethod
    def of(cls, known: Vocabulary) -> Self:
        """Index a vocabulary."""
        ids = known.ids.cast(pl.String)
        seed = next(seed for seed in range(99) if ids.hash(seed).n_unique() == len(ids))
        numbers = ids.cast(pl.Int64, strict=False)
        is_whole = (numbers.cast(pl.String) == ids).fill_null(value=False)
        return cls(
            ids=ids,
            numbers=known.numbers,
            size=known.size,
            texts=Index.of(ids.hash(seed).to_numpy()),
            whole=Index.of(_spread(numbers.filter(is_whole))),
            whole_places=np.append(is_whole.arg_true().to_numpy().astype(np.int64), len(ids)),
            table=np.append(known.numbers, 0),
            seed=seed,
        )

    def encode(self, ids: pl.Series) -> Integers:
        """Return the number of each id; 0 where it is null or not known."""
        return self.table[self.ranks(ids)]

    def ranks(self, ids: pl.Series) -> Integers:
        """Return the place of each id by frequency, from 0; after the last where not known.

        Args:
            ids: Text, whole numbers or booleans, or text that is numbered.
        """
        dtype = ids.dtype
        if isinstance(dtype, pl.Categorical | pl.Enum) and len(ids) > FEW:
            numbers, texts = take_apart(ids)
            # Each text once, if that is less work.
            if len(texts) <= len(ids):
                ranks = np.append(self.ranks(texts), len(self.ids))
                known: Integers = ranks[numbers.fill_null(len(texts)).to_numpy()]
                return known
        if dtype.is_integer() and dtype != pl.UInt64:
            return self._known(ids, self.whole_places[self.whole.find(_spread(ids))])
        text = ids.cast(pl.String)
        if len(text) <= FEW:
            # Above all, polars would wait for its threads to wake up.
            found = map(self.rank_of.get, text.to_list(), repeat(len(self.ids)))
            return np.fromiter(found, np.int64, len(text))
        return self._known(ids, self.texts.find(text.hash(self.seed).to_numpy()))

    @cached_property
    def rank_of(self) -> dict[str | None, int]:
        """The rank of each text; made when a small frame comes, some 150 bytes an id."""
        return {text: rank for rank, text in enumerate(self.ids.to_list())}

    def _known(self, ids: pl.Series, ranks: Integers) -> Integers:
        if ids.null_count():
            ranks[ids.is_null().to_numpy()] = len(self.ids)
        return ranks


def _spread(numbers: pl.Series) -> Digests:
    """Digests of whole numbers, different for different ones; of null any."""
    plain = numbers.cast(pl.Int64)
    filled = plain.fill_null(0) if plain.null_count() else plain
    digests: Digests = filled.to_numpy().view(np.uint64) * SPREAD
    return digests
