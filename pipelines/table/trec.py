"""TREC files as a scored table, and a scored table as TREC files: judgments (qrels) and a run.

As in trec_eval the rank is ignored, the order is that of the scores, and a document without a
judgment is not relevant.
"""

from pathlib import Path

import polars as pl

from pipelines.errors import TableError
from pipelines.sources import format_of, scan_qrels, scan_run
from pipelines.table.columns import DOCUMENT, JUDGED, LABEL, QUERY, RETRIEVED, SCORE

__all__ = ["is_trec", "scan_qrels", "scan_run", "write_trec"]


def is_trec(path: Path) -> bool:
    """Whether ``path`` is taken as a TREC file: a file of none of the known table formats."""
    return path.is_file() and format_of(path) is None


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
