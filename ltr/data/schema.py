"""The Arrow columns of a shard of lists: what the format ``ltr-lists/1`` asks of every file."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc

from ltr.data.manifest import Feature, ListsError, Shard

_VALUES = {"id": pa.int64(), "ids": pa.list_(pa.int64()), "number": pa.float32()}
_WEIGHTS = pa.list_(pa.float32())


PROPENSITY = "propensity"
"""The one column that a shard may lack: how likely each document was looked at."""


def arrow_schema(
    features: Iterable[Feature], time: pa.DataType | None = None, *, propensities: bool = False
) -> pa.Schema:
    """The schema of a shard with these features; ``time`` defaults to int64.

    Example:
        >>> schema = arrow_schema([Feature(side="document", name="price", kind="number")])
        >>> schema.field("document/price").type
        ListType(list<item: float>)
    """
    fixed = {
        "query_id": pa.string(),
        "time": time or pa.int64(),
        "document_id": pa.list_(pa.string()),
        "position": pa.list_(pa.int32()),
        "grade": pa.list_(pa.uint8()),
    }
    if propensities:
        fixed[PROPENSITY] = pa.list_(pa.float32())
    for feature in features:
        fixed |= {column: _type_of(feature, column) for column in feature.columns}
    return pa.schema(fixed)


def open_shard(
    folder: Path, features: Iterable[Feature], shard: Shard, *, full: bool = False
) -> pa.RecordBatch:
    """Map a shard's file and check its columns; no value is read yet.

    Args:
        folder: Of the lists.
        features: As the manifest describes them.
        shard: Which file.
        full: Whether the offsets of all lists are checked as well, which reads them.

    Raises:
        ListsError: It is not a readable file of lists.
    """
    path = folder / shard.file
    try:
        file = pa.ipc.open_file(pa.memory_map(str(path)))
        check_schema(file.schema, features, path)
        if file.num_record_batches != 1:
            msg = f"{path}: a shard holds one record batch; got {file.num_record_batches}"
            raise ListsError(msg)
        batch = file.get_batch(0)
        batch.validate(full=full)
    except (pa.ArrowInvalid, OSError) as error:
        msg = f"{path} is not a readable Arrow file: {error}"
        raise ListsError(msg) from error
    return batch


def check_schema(found: pa.Schema, features: Iterable[Feature], path: Path) -> None:
    """Refuse a shard whose columns are not those that the manifest describes.

    The wide forms that some writers prefer (``large_list``, ``large_string``) are accepted, and
    ``time`` may be an integer or a timestamp.

    Raises:
        ListsError: A column is missing, unknown or of another type; the message names it.
    """
    expected = arrow_schema(features, propensities=PROPENSITY in found.names)
    if odd := sorted(set(found.names) ^ set(expected.names)):
        state = "is missing" if odd[0] in expected.names else "is not in the manifest"
        msg = f"{path}: the column {odd[0]} {state}"
        raise ListsError(msg)
    for field in expected:
        got = found.field(field.name).type
        if not _same(got, field.type) and not (field.name == "time" and _is_timestamp(got)):
            msg = f"{path}: the column {field.name} must be {field.type}; got {got}"
            raise ListsError(msg)


def is_list(data_type: pa.DataType) -> bool:
    """Whether the type is a list of either offset width."""
    return bool(pa.types.is_list(data_type) or pa.types.is_large_list(data_type))


def _type_of(feature: Feature, column: str) -> pa.DataType:
    value = _WEIGHTS if column == feature.weights_column else _VALUES[feature.kind]
    return value if feature.side == "query" else pa.list_(value)


def _same(found: pa.DataType, expected: pa.DataType) -> bool:
    if is_list(found) and is_list(expected):
        return _same(found.value_type, expected.value_type)
    is_text: Callable[[pa.DataType], bool] = pa.types.is_string
    if is_text(expected):
        return is_text(found) or bool(pa.types.is_large_string(found))
    return bool(found == expected)


def _is_timestamp(found: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(found)) and found.unit == "us"
