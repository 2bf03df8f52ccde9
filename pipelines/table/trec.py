"""TREC files: judgments (qrels) and ranked runs, read as a scored table and written from one.

qrels  query  iteration  document  grade
run    query  Q0  document  rank  score  tag

As in trec_eval the rank is ignored, the order is that of the scores, and a document without a
judgment is not relevant.
"""

from pathlib import Path

import polars as pl

from pipelines.errors import TableError
from pipelines.sources import SCANNERS
from pipelines.table.columns import DOCUMENT, JUDGED, LABEL, QUERY, RETRIEVED, SCORE

RUN = ("query", "q0", "document", "rank", "score", "tag")
QRELS = ("query", "iteration", "document", "label")


def is_trec(path: Path) -> bool:
    """Whether ``path`` is taken as a TREC file: a file of none of the known table formats."""
    return path.is_file() and path.suffix not in SCANNERS


def scan_run(path: Path) -> pl.LazyFrame:
    """Return a run's query, document and score, as text.

    Raises:
        TableError: A line does not have six fields.
    """
    return _fields(path, RUN, "run").select(QUERY, DOCUMENT, SCORE)


def scan_qrels(path: Path) -> pl.LazyFrame:
    """Return the judgments' query, document and label, as text.

    Raises:
        TableError: A line does not have four fields.
    """
    return _fields(path, QRELS, "qrels").select(QUERY, DOCUMENT, LABEL)


def _fields(path: Path, names: tuple[str, ...], kind: str) -> pl.LazyFrame:
    try:
        lines = pl.scan_csv(
            path, has_header=False, separator="\n", quote_char=None, new_columns=["line"],
            schema_overrides={"column_1": pl.String}, raise_if_empty=False,
        )  # fmt: skip
        empty = not lines.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        msg = f"{path}: cannot be read as TREC {kind} ({error})"
        raise TableError(msg) from None
    if empty:
        msg = f"{path}: the {kind} file is empty"
        raise TableError(msg)
    words = lines.select(pl.col("line").str.strip_chars().alias("line")).filter(
        (pl.col("line") != "") & ~pl.col("line").str.starts_with("#")
    ).select(pl.col("line").str.extract_all(r"\S+").alias("field"))  # fmt: skip
    _check_width(words, len(names), path, kind)
    return words.select(pl.col("field").list.get(at).alias(name) for at, name in enumerate(names))


def _check_width(words: pl.LazyFrame, width: int, path: Path, kind: str) -> None:
    count = pl.col("field").list.len()
    wrong = words.with_row_index("at", 1).filter(count != width).select("at", count).head(1)
    found = wrong.collect(engine="streaming")
    if found.height:
        at, got = found.row(0)
        msg = f"{path}: a line of TREC {kind} has {width} fields; got {got} in line {at}"
        raise TableError(msg)


def write_trec(rows: pl.LazyFrame, folder: Path, *, tag: str = "ltr") -> None:
    """Write ``qrels.txt`` and ``run.txt`` of a table's rows, for trec_eval.

    Args:
        rows: Columns query, document, label (whole numbers) and score.
        folder: An existing folder.
        tag: The name of the run, its last field.

    Raises:
        TableError: A query or document is empty or has a space, or a label is no whole number.
    """
    kept = [name for name in (RETRIEVED, JUDGED) if name in rows.collect_schema()]
    told = rows.select(
        pl.col(QUERY).cast(pl.String), pl.col(DOCUMENT).cast(pl.String), LABEL, SCORE, *kept
    )
    _check_writable(told)
    judged = told.filter(JUDGED) if kept else told
    ranked = told.filter(RETRIEVED) if kept else told
    zero, first = pl.lit("0"), pl.lit("1")
    label = pl.col(LABEL).cast(pl.Int64)
    _sink(judged.select(QUERY, zero.alias("zero"), DOCUMENT, label), folder / "qrels.txt")
    run = ranked.select(
        QUERY, pl.lit("Q0").alias("q0"), DOCUMENT, first.alias("rank"), SCORE,
        pl.lit(tag).alias("tag"),
    )  # fmt: skip
    _sink(run, folder / "run.txt")


def _check_writable(rows: pl.LazyFrame) -> None:
    spaced = {name: (~pl.col(name).str.contains(r"^\S+$")).fill_null(value=True).sum()
              for name in (QUERY, DOCUMENT)}  # fmt: skip
    broken = (pl.col(LABEL) != pl.col(LABEL).round()).sum()
    found = rows.select(**spaced, broken=broken).collect(engine="streaming").row(0, named=True)
    for name in (QUERY, DOCUMENT):
        if found[name]:
            msg = f"TREC files part fields by spaces: {found[name]:,} values of {name} hold one"
            raise TableError(msg)
    if found["broken"]:
        msg = f"TREC grades are whole numbers: {found['broken']:,} labels are not"
        raise TableError(msg)


def _sink(rows: pl.LazyFrame, file: Path) -> None:
    rows.sink_csv(file, separator=" ", include_header=False, quote_style="never")
