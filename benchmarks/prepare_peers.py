"""Group a log into lists with another tool: the whole process that `prepare.py` measures."""

import os
import sys
from pathlib import Path


def with_polars(log: Path, out: Path) -> None:
    """Group with polars, as its documentation does it."""
    import polars as pl

    pl.scan_parquet(log).group_by("request_id").agg(pl.all()).sink_parquet(out)


def with_duckdb(log: Path, out: Path) -> None:
    """Group with DuckDB, on as many threads as there are cores."""
    import duckdb  # type: ignore[import-not-found]

    duckdb.sql(f"SET threads = {os.cpu_count()}")
    names = [name for name, *_ in duckdb.sql(f"DESCRIBE SELECT * FROM '{log}'").fetchall()]  # noqa: S608
    lists = ", ".join(f"list({name}) AS {name}" for name in names if name != "request_id")
    query = f"SELECT request_id, {lists} FROM '{log}' GROUP BY request_id"  # noqa: S608
    duckdb.sql(f"COPY ({query}) TO '{out}' (FORMAT parquet)")


if __name__ == "__main__":
    tool, path = sys.argv[1], Path(sys.argv[2])
    {"polars": with_polars, "duckdb": with_duckdb}[tool](path, path.with_name("grouped.parquet"))
