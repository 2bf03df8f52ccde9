"""One list as a person reads it: found by its query's id, in the log's own words."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ltr.data.manifest import Feature, Manifest, SplitName
from ltr.data.schema import open_shard
from pipelines.contracts import PARTS
from pipelines.errors import InspectError
from pipelines.inspect.decode import Decoder, load_decoder
from pipelines.inspect.grid import Numbers
from pipelines.inspect.shards import folder_of_lists, shards_of

Value = str | float | list[str]


@dataclass(frozen=True, slots=True)
class OneList:
    """A list with its features decoded.

    Attributes:
        query: The query's id.
        part: The part that it is in.
        time: When it was first shown, as text.
        features: The query's features, by name.
        documents: In logged order: id, position, grade, features by name.
        scaled: Columns whose numbers are as they are stored, since no way back is known.
    """

    query: str
    part: SplitName
    time: str
    features: dict[str, Value]
    documents: list["Document"]
    scaled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a list."""

    document: str
    position: int
    grade: int
    features: dict[str, Value]


def find_lists(
    folder: Path, query: str, *, parts: tuple[SplitName, ...] = PARTS
) -> tuple[Manifest, list[OneList]]:
    """Find the lists of a query; more than one where it is in several parts.

    Raises:
        ListsError: The folder cannot be read.
        InspectError: No list has that id; the text tells the ids that come before and after it.
    """
    folder = folder_of_lists(folder)
    here = folder.resolve()
    manifest = Manifest.load(here)
    found = []
    for part, shard in shards_of(manifest, parts):
        batch = open_shard(here, manifest.features, shard)
        rows = pc.indices_nonzero(pc.equal(batch.column("query_id"), query)).to_pylist()
        found += [(part, batch.slice(row, 1)) for row in rows]
    if not found:
        raise InspectError(_unknown(folder, here, manifest, query, parts))
    decoder = load_decoder(here / "encoder")
    return manifest, [_read(part, row, manifest.features, decoder) for part, row in found]


def _unknown(
    folder: Path, here: Path, manifest: Manifest, query: str, parts: tuple[SplitName, ...]
) -> str:
    said = f"{folder}: no list of {', '.join(parts)} has the query id {query!r}"
    near = _neighbours(_ids(here, manifest, parts), query)
    return f"{said}; the nearest by alphabet: {near}" if near else said


def _ids(here: Path, manifest: Manifest, parts: tuple[SplitName, ...]) -> Iterator[pl.Series]:
    for _, shard in shards_of(manifest, parts):
        batch = open_shard(here, manifest.features, shard)
        yield pl.Series("query_id", batch.column("query_id"))


def _neighbours(shards: Iterator[pl.Series], query: str) -> str:
    """Return the id before and the one after: those that begin most like it are among them."""
    before: list[str] = []
    after: list[str] = []
    for ids in shards:
        before += _end(ids.filter(ids < query), last=True)
        after += _end(ids.filter(ids > query), last=False)
    return " and ".join(repr(one) for one in (*sorted(before)[-1:], *sorted(after)[:1]))


def _end(ids: pl.Series, *, last: bool) -> list[str]:
    found = ids.max() if last else ids.min()
    return [] if found is None else [str(found)]


def _read(
    part: SplitName, row: pa.RecordBatch, features: tuple[Feature, ...], decoder: Decoder
) -> OneList:
    values: dict[str, Any] = row.to_pylist()[0]
    per_document = zip(values["document_id"], values["position"], values["grade"], strict=True)
    return OneList(
        query=values["query_id"],
        part=part,
        time=str(values["time"]),
        features={
            one.name: _decoded(decoder, one, *(values[column] for column in one.columns))
            for one in features
            if one.side == "query"
        },
        documents=[
            Document(*plain, _document_features(at, values, features, decoder))
            for at, plain in enumerate(per_document)
        ],
        scaled=tuple(
            one.column
            for one in features
            if one.kind == "number" and not decoder.scales_back(one.column)
        ),
    )


def _document_features(
    at: int, values: dict[str, Any], features: tuple[Feature, ...], decoder: Decoder
) -> dict[str, Value]:
    on_documents = [one for one in features if one.side == "document"]
    return {
        one.name: _decoded(decoder, one, *(values[column][at] for column in one.columns))
        for one in on_documents
    }


def _decoded(
    decoder: Decoder,
    feature: Feature,
    value: Any,  # noqa: ANN401 - from Arrow
    weights: list[float] | None = None,
) -> Value:
    if feature.kind == "number":
        grid = Numbers.empty(decoder.unscale(feature.column))
        # A hundred times finer than numbers are counted, and coarser than 32 bits of a scaled one.
        return round(float(grid.unscale(np.array(value, np.float64))), 2 - grid.exponent) + 0.0
    if feature.kind == "ids":
        texts = [decoder.text(feature.column, one) for one in value]
        if weights is None:
            return texts
        return [f"{text} ({weight:g})" for text, weight in zip(texts, weights, strict=True)]
    return decoder.text(feature.column, value)
