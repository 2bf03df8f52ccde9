"""Read a folder of lists piece by piece: memory-mapped, whole lists, no copy of a column.

This needs Arrow and numpy alone, so that looking at lists does not wait for torch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ltr.data.manifest import Feature, ListsError, Manifest, Shard, SplitName
from ltr.data.schema import is_list, open_shard

PIECE_DOCUMENTS = 1_000_000
"""Documents that are looked at together, give or take a list: what bounds the memory."""

Array = np.ndarray[Any, Any]


class Values(NamedTuple):
    """A feature's values one after another."""

    values: Array
    per_row: Array | None
    """Multi-valued: how many values each list (query) or document has; else None: one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some whole lists of a shard."""

    lengths: Array
    """[lists] int64, documents per list."""
    grades: Array
    """[docs] uint8."""
    positions: Array
    """[docs] int32."""
    features: dict[str, Values]


def folder_of_lists(path: Path) -> Path:
    """Return ``path``, or the lists in it if it is the folder of a run."""
    inside = path / "lists"
    return inside if not (path / "manifest.json").exists() and inside.exists() else path


def pieces(folder: Path, manifest: Manifest, shard: Shard) -> Iterator[Piece]:
    """Yield the lists of one shard in pieces of about ``PIECE_DOCUMENTS`` documents.

    Raises:
        ListsError: The file is not readable, or not what the manifest says.
    """
    batch = open_shard(folder, manifest.features, shard)
    ends = np.cumsum(_lengths(batch.column("grade")))
    found = batch.num_rows, int(ends[-1]) if len(ends) else 0
    if found != (shard.lists, shard.documents):
        rule = f"must hold {shard.lists} lists of {shard.documents} documents"
        msg = f"{folder / shard.file} {rule}; got {found[0]} lists of {found[1]}"
        raise ListsError(msg)
    first = 0
    while first < batch.num_rows:
        before = int(ends[first - 1]) if first else 0
        end = int(np.searchsorted(ends, before + PIECE_DOCUMENTS, side="right"))
        rows = max(end - first, 1)
        yield _piece(batch.slice(first, rows), manifest.features, folder / shard.file)
        first += rows


def shards_of(manifest: Manifest, parts: tuple[SplitName, ...]) -> list[tuple[SplitName, Shard]]:
    """Return every shard of these parts, in the order of the parts."""
    return [(part, shard) for part in parts for shard in manifest.splits[part].shards]


def _piece(batch: pa.RecordBatch, features: tuple[Feature, ...], path: Path) -> Piece:
    lengths = _lengths(batch.column("grade"))
    found = {feature.column: _values(batch, feature, path) for feature in features}
    for feature in features:
        if feature.side == "document":
            _require_same_lengths(batch.column(feature.column), lengths, path, feature.column)
    _require_same_lengths(batch.column("position"), lengths, path, "position")
    return Piece(lengths, _flat(batch, "grade"), _flat(batch, "position"), found)


def _values(batch: pa.RecordBatch, feature: Feature, path: Path) -> Values:
    array = batch.column(feature.column)
    if feature.side == "document":
        array = array.flatten()
    per_row = _lengths(array) if is_list(array.type) else None
    values = _numpy(array.flatten() if is_list(array.type) else array, path, feature.column)
    if feature.size is not None and len(values):
        _require_known_ids(values, feature, path)
    return Values(values, per_row)


def _flat(batch: pa.RecordBatch, column: str) -> Array:
    return _numpy(batch.column(column).flatten(), Path(), column)


def _lengths(array: pa.Array) -> Array:
    return np.asarray(np.diff(array.offsets.to_numpy()).astype(np.int64))


def _numpy(array: pa.Array, path: Path, column: str) -> Array:
    if array.null_count:
        msg = f"{path}: the column {column} must have no nulls"
        raise ListsError(msg)
    return np.asarray(array.to_numpy(zero_copy_only=True))


def _require_same_lengths(array: pa.Array, lengths: Array, path: Path, column: str) -> None:
    if not np.array_equal(_lengths(array), lengths):
        msg = f"{path}: the column {column} must have as many documents in every list as the grade"
        raise ListsError(msg)


def _require_known_ids(values: Array, feature: Feature, path: Path) -> None:
    least, most = int(values.min()), int(values.max())
    if feature.size is not None and not 0 <= least <= most < feature.size:
        rule = f"must hold ids from 0 to {feature.size - 1}"
        found = least if least < 0 else most
        msg = f"{path}: the column {feature.column} {rule}; got {found}"
        raise ListsError(msg)
