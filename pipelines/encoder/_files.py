"""An encoder on the disk: ``encoder.json``, ``vocabularies.parquet`` and ``knots.parquet``."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ltr.errors import first_failure
from pipelines.encoder._column import About, EncodedColumn, with_owners
from pipelines.encoder._scale import Knots
from pipelines.encoder._vocabulary import Vocabulary
from pipelines.errors import EncoderError, first_line

ABOUT_FILE = "encoder.json"
VOCABULARIES_FILE = "vocabularies.parquet"
KNOTS_FILE = "knots.parquet"

_VOCABULARIES = pl.Schema({"column": pl.String, "id": pl.String, "number": pl.Int64})
_KNOTS = pl.Schema({"column": pl.String, "value": pl.Float64, "level": pl.Float64})


class _Content(BaseModel):
    """What ``encoder.json`` holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["ltr-encoder/1"] = "ltr-encoder/1"
    fingerprint: str
    columns: Annotated[tuple[About, ...], Field(strict=False)]


def write(folder: Path, columns: Sequence[EncodedColumn]) -> None:
    """Write all columns into ``folder``, which is made."""
    folder.mkdir()
    _table(_VOCABULARIES, map(_vocabulary_rows, columns)).write_parquet(folder / VOCABULARIES_FILE)
    _table(_KNOTS, map(_knot_rows, columns)).write_parquet(folder / KNOTS_FILE)
    abouts = tuple(column.about for column in columns)
    content = _Content(fingerprint=fingerprint(columns), columns=abouts)
    text = content.model_dump_json(indent=1) + "\n"
    (folder / ABOUT_FILE).write_text(text, encoding="utf-8")


def read(folder: Path) -> tuple[EncodedColumn, ...]:
    """Read what ``write`` wrote.

    Raises:
        EncoderError: A file is missing or damaged, or they do not belong together.
    """
    content = _content(folder)
    vocabularies = _read_table(folder / VOCABULARIES_FILE, _VOCABULARIES)
    knots = _read_table(folder / KNOTS_FILE, _KNOTS)
    alone = [_column(about, vocabularies, knots) for about in content.columns]
    columns = _with_owners(folder, alone)
    if (found := fingerprint(columns)) != content.fingerprint:
        msg = (
            f"{folder}: the files of an encoder must belong together; {ABOUT_FILE} records the "
            f"fingerprint {content.fingerprint}, the files have {found}"
        )
        raise EncoderError(msg)
    return columns


def fingerprint(columns: Sequence[EncodedColumn]) -> str:
    """SHA-256 of all that the encoding depends on."""
    digest = hashlib.sha256()
    for column in columns:
        # These two have done their work: they decided which ids the vocabulary has.
        about = column.about.model_dump(exclude={"settings": {"min_count", "max_ids"}})
        if not column.borrows:
            del about["settings"]["vocabulary"]
        if column.weights is None:
            del about["settings"]["weights"]
        digest.update(json.dumps(about, sort_keys=True).encode())
        if column.vocabulary and not column.borrows:
            ids = column.vocabulary.ids
            digest.update(ids.str.len_bytes().to_numpy().astype("<u4").tobytes())
            digest.update("".join(ids).encode())
            digest.update(column.vocabulary.numbers.astype("<i8").tobytes())
        if column.knots:
            digest.update(column.knots.values.astype("<f8").tobytes())
            digest.update(column.knots.levels.astype("<f8").tobytes())
    return digest.hexdigest()


def _with_owners(folder: Path, columns: Sequence[EncodedColumn]) -> tuple[EncodedColumn, ...]:
    try:
        return with_owners(columns)
    except KeyError as error:
        msg = f"{folder / ABOUT_FILE} must describe an encoder: it lacks the column {error}"
        raise EncoderError(msg) from None


def _vocabulary_rows(column: EncodedColumn) -> dict[str, Any]:
    known = None if column.borrows else column.vocabulary
    return {"column": column.column, "id": known.ids, "number": known.numbers} if known else {}


def _knot_rows(column: EncodedColumn) -> dict[str, Any]:
    knots = column.knots
    return {"column": column.column, "value": knots.values, "level": knots.levels} if knots else {}


def _table(schema: pl.Schema, parts: Iterable[dict[str, Any]]) -> pl.DataFrame:
    frames = [pl.DataFrame(part).cast(schema) for part in parts if part]
    return pl.concat([schema.to_frame(), *frames])


def _content(folder: Path) -> _Content:
    path = folder / ABOUT_FILE
    try:
        return _Content.model_validate_json(path.read_bytes())
    except OSError as error:
        msg = (
            f"{folder} must be the folder of an encoder; cannot read {path.name}: {error.strerror}"
        )
        raise EncoderError(msg) from None
    except ValidationError as error:
        msg = f"{path} must describe an encoder: {first_failure(error)}"
        raise EncoderError(msg) from None


def _read_table(path: Path, schema: pl.Schema) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, schema=schema)
    except (OSError, pl.exceptions.PolarsError) as error:
        msg = f"{path} must hold {', '.join(schema)} of an encoder; {first_line(error)}"
        raise EncoderError(msg) from None


def _column(about: About, vocabularies: pl.DataFrame, knots: pl.DataFrame) -> EncodedColumn:
    own = pl.col("column") == about.column
    if about.settings.vocabulary is not None:
        return EncodedColumn(about)
    if about.size is not None and about.settings.buckets is None:
        rows = vocabularies.filter(own)
        numbers = rows["number"].to_numpy().astype(np.int64)
        return EncodedColumn(about, Vocabulary(rows["id"], numbers, about.size))
    if about.settings.scale in ("uniform", "normal"):
        rows = knots.filter(own)
        return EncodedColumn(about, knots=Knots(rows["value"].to_numpy(), rows["level"].to_numpy()))
    return EncodedColumn(about)
