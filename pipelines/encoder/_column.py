"""One column of an encoder: what the job says of it, what was learned of it, and how it encodes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from ltr.data.manifest import WEIGHTS
from pipelines.config import MISSING, WITHIN_LIST, Column, FeatureKind
from pipelines.contracts import ColumnKind
from pipelines.encoder._hashing import hashed
from pipelines.encoder._id_lists import as_lists, kept
from pipelines.encoder._prepared import prepared
from pipelines.encoder._scale import Affine, Knots
from pipelines.encoder._vocabulary import Vocabulary
from pipelines.encoder._within_list import Lists

Integers = npt.NDArray[np.int64]


class About(BaseModel):
    """What can be written as JSON of a column: its settings, and its scale or its size."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    side: Literal["query", "document"]
    name: str
    kind: FeatureKind
    """Before encoding."""
    settings: Column
    size: int | None = Field(default=None, ge=1)
    scale: Affine | None = None

    @property
    def column(self) -> str:
        """Its name in the pipeline, before and after."""
        return f"{self.side}/{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class EncodedColumn:
    """A column that is fitted."""

    about: About
    vocabulary: Vocabulary | None = None
    knots: Knots | None = None

    @property
    def column(self) -> str:
        """Its name in the pipeline, before and after."""
        return self.about.column

    @property
    def weights(self) -> str | None:
        """The name of its ids' weights in the pipeline, before and after; None without weights."""
        return None if self.about.settings.weights is None else self.column + WEIGHTS

    @property
    def parts(self) -> Iterator[tuple[str, str, ColumnKind]]:
        """Yield (column of the log, column of the pipeline, kind) of what it is read from."""
        yield self.about.name, self.column, self.about.kind
        if self.weights is not None:
            yield str(self.about.settings.weights), self.weights, "weights"

    @property
    def kind(self) -> FeatureKind:
        """After encoding: an id with several hash functions is several ids."""
        one = self.about.kind == "id" and self.about.settings.hashes == 1
        return "id" if one else "number" if self.about.kind == "number" else "ids"

    def expressions(self) -> Iterator[pl.Expr]:
        """Yield what polars alone can compute of a number: its scale, and where it is missing."""
        number = prepared(self.column, self.about.settings)
        if self.about.settings.missing:
            yield number.is_null().cast(pl.Float32).alias(self.column + MISSING)
        yield self.about.scale.expression(number) if self.about.scale else number

    def ids(self, values: pl.Series, weights: pl.Series | None = None) -> list[pl.Series]:
        """Return the numbers of a column of ids, or of lists of ids; and their weights, if any."""
        if isinstance(values.dtype, pl.List):
            lengths = values.list.len().fill_null(0).to_numpy().astype(np.int64)
            flat = values.explode(empty_as_null=False, keep_nulls=False)
        else:
            # A null id is no id: of several hashes, it has none.
            lengths = values.is_not_null().to_numpy().astype(np.int64)
            flat = values if self.kind == "id" else values.drop_nulls()
        numbers = self._numbers(flat)
        if self.kind == "id":
            return [pl.Series(self.column, pa.array(numbers[:, 0]))]  # polars would copy from numpy
        keeps, kept_lengths = self._cut(flat, lengths)
        hashes = numbers.shape[1]
        kept_lengths = kept_lengths * hashes
        made = [as_lists(numbers[keeps].reshape(-1), kept_lengths).alias(self.column)]
        if weights is not None:
            of_ids = weights.explode(empty_as_null=False, keep_nulls=False).cast(pl.Float32)
            of_numbers = of_ids.to_numpy()[keeps].repeat(hashes)
            made.append(as_lists(of_numbers, kept_lengths).alias(self.weights or ""))
        return made

    def floats(self, values: pl.Series, lists: Lists | None) -> pl.Series:
        """Return what needs more than one row, or a table, of a prepared number: its scale."""
        numbers = values.fill_null(float("nan")).to_numpy()
        if self.about.settings.scale in WITHIN_LIST:
            assert lists is not None
            scaled = lists.scaled(numbers, self.about.settings)
        else:
            assert self.knots is not None
            scaled = self.knots.scaled(numbers)
        return pl.Series(self.column, scaled.astype(np.float32))

    def rows_from(self, previous: "EncodedColumn | None") -> Integers:
        """See ``Encoder.rows_from``."""
        size = self.about.size
        if size is None:
            raise KeyError(self.column)
        rows = np.full(size, -1, np.int64)
        rows[0] = 0
        if previous is None or previous.about.size is None:
            return rows
        if self.vocabulary and previous.vocabulary:
            known = previous.vocabulary.encode(self.vocabulary.ids)
            rows[self.vocabulary.numbers] = np.where(known > 0, known, -1)
        elif not (self.vocabulary or previous.vocabulary) and self._hashing == previous._hashing:
            rows = np.arange(size)
        return rows

    @property
    def borrows(self) -> bool:
        """Whether its vocabulary is another column's."""
        return self.about.settings.vocabulary is not None

    @property
    def _hashing(self) -> tuple[int | None, int]:
        return self.about.settings.buckets, self.about.settings.hashes

    def _numbers(self, ids: pl.Series) -> Integers:
        """Return Int64 ``[ids, hashes]``."""
        if isinstance(ids.dtype, pl.Enum):
            # Each text once: the numbers of its rows are looked up.
            texts = ids.dtype.categories.extend(pl.Series([None], dtype=pl.String))
            codes = ids.to_physical().fill_null(len(texts) - 1)
            # polars looks up by the numbers as they are, numpy would widen all of them first.
            of_texts = self._numbers(texts).T
            numbers = [pl.Series(one).gather(codes).to_numpy() for one in of_texts]
            return numbers[0][:, None] if len(numbers) == 1 else np.stack(numbers, axis=1)
        if self.vocabulary is None:
            settings = self.about.settings
            assert settings.buckets is not None
            return hashed(ids, settings.buckets, settings.hashes)
        return self.vocabulary.encode(ids)[:, None]

    def _cut(
        self, ids: pl.Series, lengths: Integers
    ) -> tuple[slice | npt.NDArray[np.bool_], Integers]:
        """Say which ids of all rows are kept, and how many of each row."""
        most = self.about.settings.max_length
        if most is None or lengths.max(initial=0) <= most:
            return slice(None), lengths
        by_frequency = self.vocabulary if self.about.settings.keep == "frequent" else None
        ranks = by_frequency.ranks(ids) if by_frequency else None
        return kept(lengths, most, ranks), np.minimum(lengths, most)


def with_owners(columns: Sequence[EncodedColumn]) -> tuple[EncodedColumn, ...]:
    """Give each column that uses another's vocabulary that vocabulary."""
    owners = {one.column: one for one in columns if not one.borrows}
    shared = []
    for one in columns:
        if (used := one.about.settings.vocabulary) is None:
            shared.append(one)
            continue
        about = one.about.model_copy(update={"size": owners[used].about.size})
        shared.append(replace(one, about=about, vocabulary=owners[used].vocabulary))
    return tuple(shared)
