"""One part of what ``ltr evaluate`` does, timed on its own: run by ``evaluate.py``.

    python evaluate_parts.py PART FILE

Prints one JSON object: seconds of wall and of CPU, all threads counted.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module

import numpy as np
import polars as pl

from pipelines.table.names import parse_metrics
from pipelines.table.quick import quick_values
from pipelines.table.whole import ROWS_AT_A_TIME

LIST, RESAMPLES, LISTS = 20, 10_000, 100_000
METRICS = "ndcg@1,ndcg@5,ndcg@10,mrr,map"


def read(path: str) -> dict[str, float]:
    """Read the columns that a metric needs, as the command does."""
    rows = pl.scan_parquet(path).select("query", pl.col("grade").cast(pl.Float32), "score")

    def work() -> None:
        for batch in rows.collect_batches(
            chunk_size=ROWS_AT_A_TIME, maintain_order=True, engine="streaming"
        ):
            assert batch.height

    return timed(work)


def measure(path: str) -> dict[str, float]:
    """Rank and measure columns that are in memory, frame by frame."""
    grades = pl.read_parquet(path, columns=["grade"])["grade"].cast(pl.Float32).to_numpy()
    scores = pl.read_parquet(path, columns=["score"])["score"].to_numpy()
    metrics = parse_metrics(METRICS)

    def work() -> None:
        for first in range(0, len(scores), ROWS_AT_A_TIME):
            here = slice(first, first + ROWS_AT_A_TIME)
            lengths = np.full(len(scores[here]) // LIST, LIST)
            dict(quick_values(scores[here], grades[here], lengths, metrics, {"gain": "linear"}))

    return timed(work)


def resample(_: str) -> dict[str, float]:
    """An interval of the mean of many lists."""
    from ltr.evaluation import mean_interval

    values = np.random.default_rng(0).uniform(size=LISTS)
    return timed(lambda: mean_interval(values, resamples=RESAMPLES, seed=0))


def import_torch(_: str) -> dict[str, float]:
    """What is left out."""
    return timed(lambda: import_module("torch"))


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Seconds that ``work`` takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


PARTS: dict[str, Callable[[str], dict[str, float]]] = {
    "import torch": import_torch,
    "read": read,
    "rank and measure": measure,
    f"{RESAMPLES:,} resamples of {LISTS:,} lists": resample,
}

if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](sys.argv[2])))
