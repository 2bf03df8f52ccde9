"""An encoder as plain records and arrays: what `ltr.exported` encodes by, without polars."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.encoder._column import EncodedColumn
from pipelines.encoder._scale import Affine
from pipelines.encoder._vocabulary import Vocabulary

Arrays = dict[str, NDArray[Any]]


def portable(columns: Iterable[EncodedColumn]) -> tuple[list[dict[str, Any]], Arrays]:
    """Describe columns by values of JSON, and by arrays what is long: vocabularies and knots."""
    records, arrays = [], Arrays()
    for one in columns:
        about = one.about
        encoding = _of_number(one) if about.kind == "number" else _of_ids(one)
        record = {"side": about.side, "name": about.name, "kind": about.kind, "encoding": encoding}
        records.append(record | {"missing": about.settings.missing})
        if one.vocabulary and not one.borrows:
            for part, array in _of_vocabulary(one.vocabulary).items():
                arrays[f"vocabulary/{one.column}/{part}"] = array
        if one.knots:
            arrays[f"knots/{one.column}/values"] = np.asarray(one.knots.values)
            arrays[f"knots/{one.column}/levels"] = np.asarray(one.knots.levels)
    return records, arrays


def _of_number(column: EncodedColumn) -> dict[str, Any]:
    settings = column.about.settings
    scale = (column.about.scale or Affine()).model_dump()
    own = settings.model_dump(include={"scale", "clip", "log1p", "deviations"})
    return {**own, **scale}


def _of_ids(column: EncodedColumn) -> dict[str, Any]:
    settings = column.about.settings
    owner = None if column.vocabulary is None else settings.vocabulary or column.column
    # The usual goes without saying: a file stays what it was before ids could have weights.
    weights = {} if settings.weights is None else {"weights": settings.weights}
    return {
        "vocabulary": owner,
        "buckets": settings.buckets or 0,
        "hashes": settings.hashes,
        "max_length": settings.max_length,
        "keep_frequent": settings.keep == "frequent",
        **weights,
    }


def _of_vocabulary(vocabulary: Vocabulary) -> Arrays:
    texts = [text.encode() for text in vocabulary.ids.to_list()]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    text = np.frombuffer(b"".join(texts), np.uint8)
    return {"text": text, "ends": ends, "numbers": vocabulary.numbers.astype(np.int64)}
