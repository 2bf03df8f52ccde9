"""A file of LETOR / SVMrank text as a table, block of lines by block of lines.

``grade``, ``query``, ``document`` (what the comment names, else the row's number), ``position``
(the order within the query), and one column per feature, ``f1`` … ``fn``, 0 where a line leaves it
out. Where lines have no ``qid:``, the file beside it that ends in ``.query`` or ``.group`` holds
the number of rows of each query, as LightGBM and XGBoost write it.
"""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from polars.io.plugins import register_io_source

from pipelines.sources._letor_groups import Groups
from pipelines.sources._letor_lines import highest_feature, parse
from pipelines.sources._letor_slowly import Block
from pipelines.sources._text import blocks_of_lines

DOCID = r"docid\s*=\s*(\S+)"
FIRST_WORD = r"^#+\s*(\S+)"
OWN = {
    "grade": pl.Float32(),
    "query": pl.String(),
    "document": pl.String(),
    "position": pl.Int32(),
}
WORKERS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Letor:
    """A whole file in memory.

    Attributes:
        grade: Float32 [rows].
        query: Text [rows]; where lines have none, the file's name and the group's number, from 1.
        matrix: Float32 [features + 1, rows]: row i is feature i.
    """

    grade: npt.NDArray[np.float32]
    query: pl.Series
    matrix: npt.NDArray[np.float32]


def read_letor(path: Path) -> Letor:
    """Read a whole file, for those who want its matrix.

    Raises:
        LogError: A line is not LETOR, or the file cannot be read.
    """
    read = list(_blocks(path))
    width = max((block.width for block, _ in read), default=1)
    matrix = np.zeros((width, sum(len(query) for _, query in read)), np.float32)
    end = 0
    for block, query in read:
        start, end = end, end + len(query)
        matrix[:, start:end][block.at] = block.values
    return Letor(
        grade=np.concatenate([np.empty(0, np.float32), *(block.grade for block, _ in read)]),
        query=pl.concat([pl.Series([], dtype=pl.String), *(query for _, query in read)]),
        matrix=matrix,
    )


def scan_letor(path: Path) -> pl.LazyFrame:
    """Return the file's rows lazily. Its lines are looked through here for the highest feature.

    Raises:
        LogError: The file cannot be read, or no line says its query and no file does.
    """
    schema = pl.Schema({**OWN, **dict.fromkeys(_features(path), pl.Float32())})
    return register_io_source(partial(_frames, path, schema), schema=schema, is_pure=True)


def _features(path: Path) -> list[str]:
    lowest, highest = 1, 0
    for text, line in blocks_of_lines(path):
        highest = max(highest, highest_feature(text))
        if lowest and (b" 0:" in text or b"\t0:" in text):
            lowest = 0 if parse(text, str(path), line).matrix()[0].any() else 1
    return [f"f{at}" for at in range(lowest, highest + 1)]


def _frames(
    path: Path,
    schema: pl.Schema,
    columns: list[str] | None,
    predicate: pl.Expr | None,
    n_rows: int | None,
    batch_size: int | None,
) -> Iterator[pl.DataFrame]:
    """Yield what polars asks for: some columns, some rows, not more than it needs."""
    del batch_size  # only a hint
    rows, shown = 0, dict[str, int]()
    asked = schema.names() if columns is None else columns
    read = {*asked, *(predicate.meta.root_names() if predicate is not None else ())}
    schema = pl.Schema(
        {name: dtype for name, dtype in schema.items() if name in read or name in OWN}
    )
    for block, query in _blocks(path):
        frame = _frame(block, query, rows, shown, schema)
        part = frame if n_rows is None else frame.head(n_rows - rows)
        rows += frame.height
        part = part if predicate is None else part.filter(predicate)
        yield part.select(asked)
        if n_rows is not None and rows >= n_rows:
            return


def _frame(
    block: Block, query: pl.Series, before: int, shown: dict[str, int], schema: pl.Schema
) -> pl.DataFrame:
    number = pl.int_range(before + 1, before + 1 + len(query), eager=True).cast(pl.String)
    known = {
        "grade": block.grade,
        "query": query,
        "document": _documents(block).fill_null(number),
        "position": _positions(query, shown),
    }
    features = schema.names()[len(known) :]
    matrix = block.matrix(max([block.width, *(int(name[1:]) + 1 for name in features)]))
    known |= {name: matrix[int(name[1:])] for name in features}
    return pl.DataFrame(known, schema=schema)


def _documents(block: Block) -> pl.Series:
    comment = pl.Series(block.comment, dtype=pl.String)
    return comment.str.extract(DOCID).fill_null(comment.str.extract(FIRST_WORD))


def _positions(query: pl.Series, shown: dict[str, int]) -> pl.Series:
    """Count on from what earlier blocks have shown of a query."""
    frame = pl.DataFrame({"query": query})
    within = frame.select(pl.int_range(1, pl.len() + 1).over("query")).to_series()
    counts = dict(query.value_counts().iter_rows())
    known = {name: shown[name] for name in counts if name in shown}
    for name, count in counts.items():
        shown[name] = shown.get(name, 0) + count
    if not known:
        return within
    return within + query.replace_strict(known, default=0, return_dtype=pl.Int64)


def _blocks(path: Path) -> Iterator[tuple[Block, pl.Series]]:
    groups = Groups(path)
    for block, line in _parsed(path):
        if len(block.grade):
            yield block, groups.of(block, line)
    groups.finish()


def _parsed(path: Path) -> Iterator[tuple[Block, int]]:
    """Parse a few blocks ahead: nearly all of it happens where Python's lock is not held."""
    ahead = deque[tuple[Future[Block], int]]()
    with ThreadPoolExecutor(WORKERS) as pool:
        for text, line in blocks_of_lines(path):
            ahead.append((pool.submit(parse, text, str(path), line), line))
            if len(ahead) > 2 * WORKERS:
                block, first_line = ahead.popleft()
                yield block.result(), first_line
        for block, first_line in ahead:
            yield block.result(), first_line
