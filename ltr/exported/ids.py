"""Ids as the log has them to rows of tables: by vocabulary or by hash."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ltr.exported.errors import ExportedError
from ltr.exported.id_weights import Given, id_weights
from ltr.exported.tables import Floats, Integers


class Vocabulary:
    """Known ids and their numbers; 0 is every other id.

    Args:
        text: The ids' UTF-8, the most frequent id first.
        ends: [ids], where each ends.
        numbers: [ids].
    """

    def __init__(self, text: NDArray[np.uint8], ends: Integers, numbers: Integers) -> None:
        whole, stops = text.tobytes(), ends.tolist()
        starts = [0, *stops[:-1]]
        self.ranks = {
            whole[start:end].decode(): rank
            for rank, (start, end) in enumerate(zip(starts, stops, strict=True))
        }
        self.numbers = np.append(numbers, 0)

    def rank(self, text: str | None) -> int:
        """The place of an id by frequency, from 0; after the last where it is not known."""
        return self.ranks.get(text, len(self.numbers) - 1)  # type: ignore[arg-type]

    def encode(self, texts: Sequence[str | None]) -> Integers:
        """The number of each id."""
        unknown = len(self.numbers) - 1
        ranks = np.fromiter((self.ranks.get(one, unknown) for one in texts), np.int64, len(texts))  # type: ignore[arg-type]
        return self.numbers[ranks]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class IdTable:
    """How the ids of one column become rows of a table."""

    many: bool
    """Whether the log has lists of ids in the column."""
    vocabulary: Vocabulary | None = None
    buckets: int = 0
    hashes: int = 1
    max_length: int | None = None
    keep_frequent: bool = False
    weights: str | None = None
    """The column of the log that has a weight for each of the ids."""

    @property
    def size(self) -> int:
        """Rows that its table has at least."""
        if self.vocabulary is None:
            return self.buckets + 1
        return int(self.vocabulary.numbers.max()) + 1

    def encode(self, name: str, values: Sequence[Any]) -> tuple[Integers, Integers | None]:
        """Rows of the table, and how many belong to each value; None: one to each.

        Raises:
            ExportedError: A value is no id, or no list of ids.
        """
        if self.many:
            lists = _lists(name, values)
            return self._encode_lists(lists, [self._kept(one) for one in lists])
        texts = _texts(name, values)
        if self.hashes == 1:
            return self._numbers(texts).reshape(-1), None
        # A missing id is no id: of several hashes, it has none.
        known = [one for one in texts if one is not None]
        lengths = np.array([self.hashes * (one is not None) for one in texts], np.int64)
        return self._numbers(known).reshape(-1), lengths

    def encode_weighted(
        self, name: str, values: Sequence[Any], weights: Given
    ) -> tuple[Integers, Integers, Floats]:
        """Rows of the table, how many belong to each value, and the weight of each of them.

        Raises:
            ExportedError: A value is no list of ids, or its weights are not one per id, finite and
                at least 0.
        """
        lists = _lists(name, values)
        given = id_weights(weights, np.array([len(one) for one in lists], np.int64))
        starts = np.cumsum([0, *map(len, lists)])
        kept = [self._kept(one) for one in lists]
        places = [start + place for start, one in zip(starts, kept, strict=False) for place in one]
        found = given[np.array(places, np.int64)].repeat(self.hashes)
        return *self._encode_lists(lists, kept), found

    def _encode_lists(
        self, lists: list[list[str | None]], kept: list[Sequence[int]]
    ) -> tuple[Integers, Integers]:
        lengths = np.array([len(one) * self.hashes for one in kept], np.int64)
        both = zip(lists, kept, strict=True)
        texts = [texts[place] for texts, places in both for place in places]
        return self._numbers(texts).reshape(-1), lengths

    def _kept(self, texts: list[str | None]) -> Sequence[int]:
        """The places of those that `max_length` leaves, in their order."""
        if self.max_length is None or len(texts) <= self.max_length:
            return range(len(texts))
        if not self.keep_frequent or self.vocabulary is None:
            return range(self.max_length)
        vocabulary = self.vocabulary
        by_rank = sorted(range(len(texts)), key=lambda place: vocabulary.rank(texts[place]))
        return sorted(by_rank[: self.max_length])

    def _numbers(self, texts: Sequence[str | None]) -> Integers:
        """[ids], or [ids, hashes]."""
        if self.vocabulary is not None:
            return self.vocabulary.encode(texts)
        # Only hashed columns need it.
        from ltr.hashing import digests

        numbers = np.zeros((len(texts), self.hashes), np.int64)
        there = [place for place, one in enumerate(texts) if one is not None]
        for seed in range(self.hashes):
            found = digests((texts[place] or "" for place in there), seed)
            numbers[there, seed] = 1 + found % np.uint64(self.buckets)
        return numbers


def _lists(name: str, values: Sequence[Any]) -> list[list[str | None]]:
    return [_texts(name, _list(name, one)) for one in values]


def _list(name: str, value: Iterable[Any] | None) -> Sequence[Any]:
    if value is None:
        return ()
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        msg = f"column {name!r} must hold lists of ids; got {value!r:.50}"
        raise ExportedError(msg)
    return list(value)


def _texts(name: str, values: Sequence[Any]) -> list[str | None]:
    # Of an array, Python's own values: numpy's take longer one by one.
    values = getattr(values, "tolist", lambda: values)()
    return [one if type(one) is str else _text(name, one) for one in values]


def _text(name: str, value: object) -> str | None:
    if value is None or value != value:  # NaN is what pandas calls a missing text
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, str):
        return str(value)
    msg = f"column {name!r} must hold text, whole numbers or booleans; got {value!r:.50}"
    raise ExportedError(msg)
