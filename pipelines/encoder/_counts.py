"""Counts: all that an encoder learns from training rows, in a form that can be added up."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from pipelines.config import Column, Features
from pipelines.contracts import feature_columns
from pipelines.encoder._exact import Moments
from pipelines.encoder._histogram import Histogram
from pipelines.encoder._prepared import prepared
from pipelines.errors import EncoderError

FORMAT = "ltr-counts/1"
_SCHEMA = pa.schema(
    {"column": pa.int32(), "id": pa.large_string(), "key": pa.int64(), "count": pa.int64()}
)


_UNREADABLE = (OSError, pa.ArrowException, pl.exceptions.PolarsError)


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """How often each id is there, and how each number is distributed, by column.

    Counts of parts that hold whole queries, merged, are the counts of the whole: an encoder that is
    fitted on them is the same to the last bit, however many parts there were.

    Example:
        >>> from pipelines.config import SideFeatures
        >>> features = Features(document=SideFeatures(ids=("brand",)))
        >>> days = [
        ...     pl.LazyFrame({"query_id": ["a", "a"], "document/brand": ["x", "y"]}),
        ...     pl.LazyFrame({"query_id": ["b"], "document/brand": ["x"]}),
        ... ]
        >>> counts = Counts.merge([Counts.of(day, features) for day in days])
        >>> dict(counts.ids["document/brand"].sort("id").iter_rows())
        {'x': 2, 'y': 1}
    """

    ids: Mapping[str, pl.DataFrame]
    """``id`` and ``count`` of each column that gets a vocabulary, in no order."""
    moments: Mapping[str, Moments]
    """Of each number that ``standard`` or ``minmax`` scales, after clipping and logarithm."""
    histograms: Mapping[str, Histogram]
    """Of each number that ``uniform`` or ``normal`` scales, likewise."""

    @classmethod
    def of(cls, train: pl.LazyFrame, features: Features) -> "Counts":
        """Count training rows: ``query_id`` and the features before encoding.

        A query's features count once a list, those of its first row: so a query must not be cut.
        """
        needed = [name for name, _ in _counted(features)]
        rows = train.select("query_id", *needed).collect()
        queries = rows
        if any(name.startswith("query/") for name in needed):
            queries = rows.filter(pl.col("query_id").is_first_distinct())
        plans = {
            name: _plan(queries if name.startswith("query/") else rows, name, how)
            for name, how in _counted(features)
        }
        frames = dict(zip(plans, pl.collect_all(plans.values()), strict=True))
        return cls(
            {name: frames[name] for name, how in _counted(features) if how is None},
            {
                name: Moments.of(frames[name].to_series().to_numpy())
                for name, how in _counted(features)
                if how and how.scale in ("standard", "minmax")
            },
            {
                name: Histogram.of(frames[name].to_series().to_numpy())
                for name, how in _counted(features)
                if how and how.scale in ("uniform", "normal")
            },
        )

    @classmethod
    def merge(cls, parts: Sequence["Counts"]) -> "Counts":
        """Add counts of the same features up.

        Raises:
            EncoderError: They are of different features, or there are none.
        """
        if not parts:
            msg = "counts to merge must be at least one; got none"
            raise EncoderError(msg)
        if len(different := {_columns(part) for part in parts}) > 1:
            msg = f"counts to merge must be of the same features; got {len(different)} kinds"
            raise EncoderError(msg)
        first = parts[0]
        ids = [
            pl.concat([part.ids[name].lazy() for part in parts]).group_by("id").agg(_total())
            for name in first.ids
        ]
        return cls(
            dict(zip(first.ids, pl.collect_all(ids), strict=True)),
            {n: Moments.merge(part.moments[n] for part in parts) for n in first.moments},
            {n: Histogram.merge([part.histograms[n] for part in parts]) for n in first.histograms},
        )

    def save(self, path: Path) -> None:
        """Write one file, an Arrow IPC file."""
        about = {
            "format": FORMAT,
            "ids": list(self.ids),
            "moments": {name: moments.plain() for name, moments in self.moments.items()},
            "histograms": {name: one.bits for name, one in self.histograms.items()},
        }
        schema = _SCHEMA.with_metadata({"counts": json.dumps(about)})
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for batch in self._batches():
                writer.write_batch(batch)

    @classmethod
    def load(cls, path: Path) -> "Counts":
        """Read what ``save`` wrote.

        Raises:
            EncoderError: The file is missing, or holds something else.
        """
        try:
            table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
            about = json.loads((table.schema.metadata or {})[b"counts"])
            return cls._parse(about, table)
        except (*_UNREADABLE, LookupError, TypeError, ValueError) as error:
            msg = (
                f"{path} must hold counts of features, as a run wrote them ({type(error).__name__})"
            )
            raise EncoderError(msg) from error

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for number, frame in enumerate(self.ids.values()):
            ids = frame["id"].rechunk().to_arrow().cast(pa.large_string())
            yield _batch(number, id=ids, count=frame["count"].rechunk().to_arrow())
        for number, one in enumerate(self.histograms.values(), start=len(self.ids)):
            yield _batch(number, key=pa.array(one.keys), count=pa.array(one.counts))

    @classmethod
    def _parse(cls, about: dict[str, Any], table: pa.Table) -> "Counts":
        if about["format"] != FORMAT:
            raise ValueError(about["format"])
        rows = pl.DataFrame(table)
        parts = [
            rows.filter(pl.col("column") == number)
            for number in range(len(about["ids"]) + len(about["histograms"]))
        ]
        ids = dict(zip(about["ids"], parts, strict=False))
        histograms = zip(about["histograms"].items(), parts[len(ids) :], strict=True)
        return cls(
            {name: part.select("id", "count") for name, part in ids.items()},
            {name: Moments.from_plain(plain) for name, plain in about["moments"].items()},
            {
                name: Histogram(bits, part["key"].to_numpy(), part["count"].to_numpy())
                for (name, bits), part in histograms
            },
        )


def _counted(features: Features) -> Iterator[tuple[str, Column | None]]:
    """Yield each column that something is learned of; a number's with its settings."""
    for column, name, kind in feature_columns(features):
        if kind == "weights":
            continue
        settings = features.sides["query" if column.startswith("query/") else "document"].column(
            name
        )
        if kind == "number" and settings.scale in ("standard", "minmax", "uniform", "normal"):
            yield column, settings
        if kind != "number" and settings.buckets is None and settings.vocabulary is None:
            yield column, None


def _plan(rows: pl.DataFrame, column: str, number: Column | None) -> pl.LazyFrame:
    if number is not None:
        return rows.lazy().select(prepared(column, number).drop_nulls())
    ids = rows[column]
    if isinstance(ids.dtype, pl.List):
        ids = ids.explode(empty_as_null=False, keep_nulls=False)
    ids = ids.drop_nulls()
    if isinstance(ids.dtype, pl.Enum):
        return _numbered(ids, ids.dtype.categories)
    texts = ids.cast(pl.String).alias("id").to_frame().lazy()
    return texts.group_by("id").agg(count=pl.len().cast(pl.Int64))


def _numbered(ids: pl.Series, texts: pl.Series) -> pl.LazyFrame:
    """Count numbered texts; parts may number the same texts otherwise, so texts are returned."""
    counts = np.bincount(ids.to_physical().to_numpy(), minlength=len(texts))
    there = np.flatnonzero(counts)
    return pl.LazyFrame({"id": texts.gather(there), "count": counts[there]})


def _total() -> pl.Expr:
    return pl.col("count").sum()


def _columns(counts: Counts) -> tuple[tuple[str, ...], ...]:
    return tuple(counts.ids), tuple(counts.moments), tuple(counts.histograms)


def _batch(number: int, **columns: pa.Array) -> pa.RecordBatch:
    length = len(columns["count"])
    columns["column"] = pa.array(np.full(length, number, np.int32))
    arrays = [columns.get(field.name, pa.nulls(length, field.type)) for field in _SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)
