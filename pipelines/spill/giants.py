"""Giants: queries with more rows than any list could have, kept out of memory.

All rows of a query are in one partition, so one of ten million rows would be a partition that fits
no budget. Such a query is no list: a bot's, or a placeholder such as ``"unknown"``. It is found
by counting the numbers that stand for queries, and its rows are never brought together.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.spill.pieces import Piece


def giants(pieces: Sequence[Piece], column: str, most: int) -> pa.Array:
    """Return the texts that more than ``most`` rows of all pieces together have."""
    counts = [_counts(piece, column) for piece in pieces]
    # Whatever is above the limit in all is above an equal share of it somewhere.
    share = most // max(len(pieces), 1)
    suspects = {
        text
        for piece, count in zip(pieces, counts, strict=True)
        for text in _texts(piece, column, np.flatnonzero(count > share)).to_pylist()
    }
    total: Counter[str] = Counter()
    for piece, count in zip(pieces, counts, strict=True):
        texts = piece.texts[column]
        places = pc.index_in(texts, value_set=pa.array(sorted(suspects), texts.type))
        known = np.flatnonzero(pc.is_valid(places).to_numpy(zero_copy_only=False))
        names = _texts(piece, column, known).to_pylist()
        total.update(dict(zip(names, count[known].tolist(), strict=True)))
    found = sorted(text for text, number in total.items() if number > most)
    return pa.array(found, pa.large_string())


def part(piece: Piece, column: str, texts: pa.Array) -> tuple[Piece, Piece]:
    """Return the rows without, and those with one of the texts."""
    own = piece.texts[column]
    among = pc.is_in(own, value_set=texts.cast(own.type)).to_numpy(zero_copy_only=False)
    table = np.append(among, False)
    numbers = piece.rows.column(column).fill_null(len(own)).to_numpy()
    mask = table[numbers]
    return (
        Piece(piece.rows.filter(pa.array(~mask)), piece.texts),
        Piece(piece.rows.filter(pa.array(mask)), piece.texts),
    )


def _counts(piece: Piece, column: str) -> NDArray[np.int64]:
    numbers = piece.rows.column(column).drop_null().to_numpy()
    return np.bincount(numbers, minlength=len(piece.texts[column]))


def _texts(piece: Piece, column: str, numbers: NDArray[np.int64]) -> pa.Array:
    return piece.texts[column].take(pa.array(numbers))
