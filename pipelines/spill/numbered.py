"""Numbers that stand for texts, as Arrow columns: taken apart to be written, joined when read."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


class Numbered(NamedTuple):
    """A column of texts, or of lists of texts, in two parts."""

    numbers: pa.Array
    """uint32, or large_list of it: places in ``texts``."""
    texts: pa.Array
    """large_string."""


def take_apart(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the numbers of a Categorical or Enum column, or lists of them, and the texts.

    Example:
        >>> numbers, texts = take_apart(pl.Series(["b", None, "a"], dtype=pl.Enum(["a", "b"])))
        >>> numbers.to_list(), texts.to_list()
        ([1, None, 0], ['a', 'b'])
    """
    dtype: Any = column.dtype
    if isinstance(dtype, pl.List):
        dtype = dtype.inner
        expression = pl.element().cat.physical().cast(pl.UInt32)
        numbers = column.to_frame().select(pl.all().list.eval(expression)).to_series()
        largest: Any = numbers.list.max().max()
    else:
        numbers = column.cat.physical().cast(pl.UInt32)
        largest = numbers.max()
    if isinstance(dtype, pl.Enum):
        return numbers, dtype.categories
    size = 0 if largest is None else largest + 1
    return numbers, pl.int_range(size, dtype=pl.UInt32, eager=True).cat.to(dtype).cast(pl.String)


def put_together(numbers: pl.Expr, texts: pl.Series, *, lists: bool) -> pl.Expr:
    """Undo ``take_apart``: the column becomes Enum, or lists of it."""
    enum = pl.Enum(texts)
    return numbers.list.eval(pl.element().cat.to(enum)) if lists else numbers.cat.to(enum)


def join(parts: Sequence[Numbered]) -> pl.Series:
    """Put parts one after another as Enum, or lists of it, of the texts that they really use."""
    flat = [_Flat.of(part) for part in parts]
    every = pl.concat([one.texts for one in flat])
    texts = every.unique().sort()
    # All at once, since the texts looked for in are hashed each time; a cast to Enum is slower.
    found = pc.index_in(every.rechunk().to_arrow(), value_set=texts.to_arrow())
    places = found.to_numpy().astype(np.uint32)
    starts = np.cumsum([len(one.texts) for one in flat])[:-1]
    arrays = [
        _renumbered(part, one, new)
        for part, one, new in zip(parts, flat, np.split(places, starts), strict=True)
    ]
    numbers = pl.DataFrame({"": pl.Series(pa.chunked_array(arrays))})
    lists = isinstance(numbers.dtypes[0], pl.List)
    return numbers.select(put_together(pl.col(""), texts, lists=lists)).to_series()


def is_numbered(dtype: pl.DataType) -> bool:
    """Whether a column holds its texts as numbers."""
    inner = dtype.inner if isinstance(dtype, pl.List) else dtype
    return isinstance(inner, pl.Categorical | pl.Enum)


class _Flat(NamedTuple):
    numbers: NDArray[np.uint32]
    """Of every element, 0 where it is null."""
    missing: NDArray[np.bool_] | None
    used: NDArray[np.int64]
    texts: pl.Series

    @classmethod
    def of(cls, part: Numbered) -> "_Flat":
        flat = _values(part.numbers)
        missing = flat.is_null().to_numpy(zero_copy_only=False) if flat.null_count else None
        present = (flat.drop_null() if flat.null_count else flat).to_numpy()
        used = np.flatnonzero(np.bincount(present, minlength=1))
        if not len(present):
            used = used[:0]
        texts = pl.Series("", part.texts.take(pa.array(used)), dtype=pl.String)
        numbers = (flat.fill_null(0) if flat.null_count else flat).to_numpy()
        return cls(numbers, missing, used, texts)


def _renumbered(part: Numbered, flat: _Flat, new: NDArray[np.uint32]) -> pa.Array:
    table = np.zeros(max(len(part.texts), 1), np.uint32)
    table[flat.used] = new
    numbers = pa.array(table[flat.numbers], mask=flat.missing)
    return _lists(part.numbers, numbers) if _is_list(part.numbers) else numbers


def _values(array: pa.Array) -> pa.Array:
    # Not flatten(): the offsets of all lists, null ones too, must keep their meaning.
    return array.values.slice(0, array.offsets[-1].as_py()) if _is_list(array) else array


def _lists(like: pa.Array, values: pa.Array) -> pa.Array:
    mask = like.is_null() if like.null_count else None
    return pa.LargeListArray.from_arrays(like.offsets, values, mask=mask)


def _is_list(array: pa.Array) -> bool:
    return bool(pa.types.is_large_list(array.type))
