"""Rows of a log as the columns that a batch is made of.

The columns are those of ``Encoder.from_log`` and ``Encoder.transform``; a test holds them together.
What differs is the work: a query's columns are encoded once a list, and what depends on the model
alone is done when it is loaded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pyarrow.compute as pc
import torch

from ltr.data.columns import Column
from pipelines.config import MISSING
from pipelines.encoder import Encoder
from pipelines.encoder._column import EncodedColumn, Integers
from pipelines.encoder._hashing import hashed
from pipelines.encoder._within_list import Lists
from pipelines.scoring._index import IndexedVocabulary
from pipelines.scoring._lists import NEWEST, OLDEST, RowsOfLists
from pipelines.scoring._numbers import prepared, scaled


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoder, ready for many frames."""

    columns: tuple[EncodedColumn, ...]

    @classmethod
    def of(cls, encoder: Encoder) -> "Encoding":
        """Index the vocabularies of an encoder."""
        indexed: dict[int, IndexedVocabulary] = {}
        columns = []
        for one in encoder.columns:
            known = one.vocabulary
            if known is not None:
                # Columns may share one.
                if id(known) not in indexed:
                    indexed[id(known)] = IndexedVocabulary.of(known)
                known = indexed[id(known)]
            columns.append(replace(one, vocabulary=known))
        return cls(tuple(columns))

    def encode(self, frame: pl.DataFrame, lists: RowsOfLists) -> Mapping[str, Column]:
        """Encode lists that stand one after another.

        Args:
            frame: Their rows.
            lists: Where each begins.

        Returns:
            A query's columns [lists], of the first row of each; a document's [docs].
        """
        together = Lists(None, lists.lengths)
        firsts = self._firsts(frame, lists)
        encoded: dict[str, Column] = {}
        for one in self.columns:
            encoded.update(_encoded(one, firsts if one.about.side == "query" else frame, together))
        return encoded

    def _firsts(self, frame: pl.DataFrame, lists: RowsOfLists) -> pl.DataFrame:
        if len(lists.starts) == 1:
            return frame.head(1)
        own = [one for one in self.columns if one.about.side == "query"]
        names = {name for one in own for name, _, _ in one.parts}
        return pl.DataFrame([frame[name] for name in names])[lists.starts] if names else frame


def _encoded(one: EncodedColumn, rows: pl.DataFrame, lists: Lists) -> Iterator[tuple[str, Column]]:
    values = rows[one.about.name]
    if one.kind == "number":
        numbers = prepared(values, one.about.settings)
        yield one.column, Column(torch.from_numpy(scaled(one, numbers, lists)))
        if one.about.settings.missing:
            missing = np.isnan(numbers).astype(np.float32)
            yield one.column + MISSING, Column(torch.from_numpy(missing))
    elif one.kind == "id":
        yield one.column, Column(torch.from_numpy(_ids(one, values)))
    elif (column := _quick_id_lists(one, values)) is not None:
        yield one.column, column
    else:
        alone = Encoder((one,))
        made = alone.transform(alone.from_log(rows.lazy())).collect()
        for series in made.iter_columns():
            yield series.name, Column.of(series.rechunk().to_arrow(compat_level=OLDEST))


def _ids(one: EncodedColumn, values: pl.Series) -> Integers:
    """One number a row."""
    if one.vocabulary is not None:
        return one.vocabulary.encode(values)
    assert one.about.settings.buckets is not None
    return np.ascontiguousarray(hashed(values, one.about.settings.buckets)[:, 0])


def _quick_id_lists(one: EncodedColumn, values: pl.Series) -> Column | None:
    """Number views of the lists' values; None where that is not enough."""
    dtype = values.dtype
    if (
        one.weights
        or not isinstance(dtype, pl.List)
        or isinstance(dtype.inner, pl.Categorical | pl.Enum)
    ):
        return None
    lists = values.rechunk().to_arrow(compat_level=NEWEST)
    # A null list is an empty one, whatever lies behind it.
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    most = one.about.settings.max_length
    if most is not None and lengths.max(initial=0) > most:
        return None
    flat = pl.Series(lists.flatten())
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    if one.vocabulary is not None:
        numbers = one.vocabulary.encode(flat)
        return Column(torch.from_numpy(numbers), torch.from_numpy(offsets))
    buckets, hashes = one.about.settings.buckets, one.about.settings.hashes
    assert buckets is not None
    numbers = hashed(flat, buckets, hashes).reshape(-1)
    return Column(torch.from_numpy(numbers), torch.from_numpy(offsets * hashes))
