"""The types of a text file's columns, decided by all of its rows, a few megabytes at a time.

Polars would decide on them too, but holds the whole file, unpacked, to look at every row.
"""

import io
from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from pipelines.sources._text import blocks_of_lines

AT_A_TIME = 8 << 20
NUMBERS = {pl.Int64(), pl.Float64()}


def csv_types(file: Path, text: Collection[str]) -> pl.Schema:
    """Return the columns of a CSV file. Null: of no row; none at all: the file is empty.

    A column of whole numbers and others is Float64, of any other mixture String.

    Raises:
        LogError: The file cannot be unpacked, or is not UTF-8.
        PolarsError: It is not CSV.
    """
    found: dict[str, set[pl.DataType]] = {}
    for rows in _csv_parts(file, text):
        for column in rows:
            seen = found.setdefault(column.name, set())
            if column.null_count() < rows.height:
                seen.add(column.dtype)
    return pl.Schema({name: _one(dtypes) for name, dtypes in found.items()})


def ndjson_types(file: Path, text: Collection[str]) -> pl.Schema:
    """Return the keys of an NDJSON file, in the order in which they appear.

    Raises:
        LogError: The file cannot be unpacked, or is not UTF-8.
        PolarsError: It is not NDJSON, or a key has values of two kinds that are not comparable.
    """
    types = pl.Schema()
    for part in _parts(file):
        found = pl.read_ndjson(io.BytesIO(part), infer_schema_length=None).schema
        both = [pl.DataFrame(schema=types), pl.DataFrame(schema=found)]
        types = pl.concat(both, how="diagonal_relaxed").schema
    return pl.Schema({name: pl.String() if name in text else t for name, t in types.items()})


def _one(dtypes: set[pl.DataType]) -> pl.DataType:
    if len(dtypes) < 2:
        return next(iter(dtypes), pl.Null())
    return pl.Float64() if dtypes == NUMBERS else pl.String()


def _csv_parts(file: Path, text: Collection[str]) -> Iterator[pl.DataFrame]:
    header = b""
    for part in _parts(file, quote=b'"'):
        yield pl.read_csv(
            io.BytesIO(header + part),
            try_parse_dates=True,
            infer_schema_length=None,
            schema_overrides=dict.fromkeys(text, pl.String),
        )
        header = header or part[: part.index(b"\n") + 1]


def _parts(file: Path, quote: bytes | None = None) -> Iterator[bytes]:
    """Yield lines, cut where no quoted value goes on in the next one."""
    part, quotes = bytearray(), 0
    for text, _ in blocks_of_lines(file):
        part += text
        quotes += text.count(quote) if quote else 0
        if len(part) >= AT_A_TIME and quotes % 2 == 0:
            yield bytes(part)
            part.clear()
    if part.strip():
        yield bytes(part)
