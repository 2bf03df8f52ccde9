"""TREC files: judgments (qrels) and ranked runs, as text and as a log.

qrels  query  iteration  document  grade
run    query  Q0  document  rank  score  tag
"""

from pathlib import Path

import polars as pl

from pipelines.errors import LogError, TableError

RUN = ("query", "q0", "document", "rank", "score", "tag")
QRELS = ("query", "iteration", "document", "label")


def scan_trec(run: Path, qrels: Path | None) -> pl.LazyFrame:
    """Return a run as a log: query, document, position, score, and grade where there are judgments.

    As in trec_eval the position is the rank by score, equal scores by the document's name from
    the last to the first, and a document without a judgment has grade 0. The ranks are made of
    the whole run, and the judgments are held in memory.

    Raises:
        LogError: A line does not have the fields of its kind, or a score or grade is no number.
    """
    try:
        ranked, judged = scan_run(run), None if qrels is None else scan_qrels(qrels)
    except TableError as error:
        raise LogError(stage="read", rule="a TREC file must be one", found=str(error)) from None
    position = pl.struct(pl.col("score"), "document").rank("ordinal", descending=True).over("query")
    log = ranked.with_columns(pl.col("score").cast(pl.Float64)).select(
        "query", "document", position.cast(pl.Int32).alias("position"), "score"
    )
    if judged is None:
        return log
    grades = judged.select("query", "document", pl.col("label").cast(pl.Int32).alias("grade"))
    return log.join(
        grades, on=["query", "document"], how="left", validate="m:1", maintain_order="left"
    ).with_columns(pl.col("grade").fill_null(0))


def scan_run(path: Path) -> pl.LazyFrame:
    """Return a run's query, document and score, as text.

    Raises:
        TableError: A line does not have six fields.
    """
    return _fields(path, RUN, "run").select("query", "document", "score")


def scan_qrels(path: Path) -> pl.LazyFrame:
    """Return the judgments' query, document and label, as text.

    Raises:
        TableError: A line does not have four fields.
    """
    return _fields(path, QRELS, "qrels").select("query", "document", "label")


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
