"""The held-out lists with their scores as a scored table, so that both are measured by one code."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from pipelines.encoder import Encoder
from pipelines.table.columns import (
    BASELINE,
    BY,
    DOCUMENT,
    FREQUENCY,
    LABEL,
    POSITION,
    PROPENSITY,
    QUERY,
    SCORE,
    Columns,
)

UNSEEN = "(unseen in training)"
"""The value of an id that the encoder does not know."""


def held_out_table(
    shards: Iterable[Path],
    scores: Mapping[str, pl.Series],
    encoder: Encoder,
    columns: Columns,
) -> pl.DataFrame:
    """Give the rows of the lists, under the names of the parts of a scored table.

    Args:
        shards: The files of the part, in order.
        scores: By name, a score per document in the order of the files.
        encoder: What turned the log's values into those of the lists.
        columns: Which scores and which features of the query play which part.

    Returns:
        One row per document; ids and numbers of the query as they were in the log.
    """
    ours = {f"{BY}{name}": f"query/{name}" for name in columns.by}
    if columns.frequency is not None:
        ours[FREQUENCY] = f"query/{columns.frequency}"
    documents = ["document_id", "position", "grade"]
    if columns.propensity is not None:
        documents.append(columns.propensity)
    lists = pl.scan_ipc(list(shards), glob=False).select(
        pl.col("query_id").alias(QUERY),
        *(_decoded(column, encoder).alias(part) for part, column in ours.items()),
        *documents,
    )
    names = {"document_id": DOCUMENT, "position": POSITION, "grade": LABEL}
    if columns.propensity is not None:
        names[columns.propensity] = PROPENSITY
    rows = lists.explode(documents).rename(names).collect()
    # Lists and scores are whole in memory anyway: a model was asked for all of them at once.
    given = [scores[columns.score].alias(SCORE)]
    if columns.baseline is not None:
        given.append(scores[columns.baseline].alias(BASELINE))
    return rows.with_columns(*given, pl.col(LABEL).cast(pl.Float32))


def query_values(
    shards: Iterable[Path], encoder: Encoder, names: Iterable[str]
) -> dict[str, pl.Series]:
    """Give features of the query as they were in the log, a value per list, by name.

    Args:
        shards: The files of the part, in order.
        encoder: What turned the log's values into those of the lists.
        names: Ids or numbers of the query.
    """
    wanted = [_decoded(f"query/{name}", encoder).alias(name) for name in names]
    found = pl.scan_ipc(list(shards), glob=False).select(wanted).collect()
    return {column.name: column for column in found}


def _decoded(column: str, encoder: Encoder) -> pl.Expr:
    back = encoder.unit_and_offset(column)
    if back is not None:
        unit, offset = back
        # What was stored is a float32: what it cannot tell apart is one value.
        digits = max(0, 5 - math.ceil(math.log10(unit)))
        # Adding 0 takes the sign off a 0.
        return (pl.col(column).cast(pl.Float64) * unit + offset).round(digits) + 0.0
    texts = encoder.texts(column)
    if texts is None:
        return pl.col(column)
    numbers = pl.int_range(0, len(texts), dtype=pl.Int64, eager=True)
    known = texts.fill_null(UNSEEN)
    return pl.col(column).replace_strict(numbers, known, return_dtype=pl.String)
