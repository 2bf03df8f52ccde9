"""Speed of intervals and tests over lists, against scipy in the same run.

``python -m benchmarks.resampling`` prints the table; ``--write`` also puts it into the docs. Both
sides of a row do the same work in alternating turns, so that a busy machine slows both. scipy gets
the batch size that suits it, and a size that it can do.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy
from scipy import stats

from ltr.evaluation import mean_interval, mean_intervals, randomisation_test

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "statistics.md"
HEAD = """# Speed of intervals and tests

Written by `python -m benchmarks.resampling --write`. {cores} cores, numpy {numpy}, scipy {scipy}.
Values are per-list NDCG drawn from a Beta distribution. Best of {turns} turns that alternate
between both sides of a row; one turn without scipy. Load of the machine at the end: {load:.1f}, so
read the processor time beside the wall time.

| what | lists | resamples | scipy | ltr | faster by | ltr, processor time |
| --- | --- | --- | --- | --- | --- | --- |
"""
TURNS = 3
Floats = npt.NDArray[np.float64]


class Row(NamedTuple):
    """One line of the table; without ``peer`` where scipy cannot do it."""

    what: str
    lists: int
    resamples: int
    ours: Callable[[], object]
    peer: Callable[[], object] | None = None


def main() -> None:
    """Print the table; with ``--write`` also into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} in the docs")
    write = parser.parse_args().write
    lines = [line(row) for row in rows(np.random.default_rng(0).beta(2, 1, (100_000, 20)))]
    head = HEAD.format(
        cores=os.cpu_count(),
        numpy=np.__version__,
        scipy=scipy.__version__,
        turns=TURNS,
        load=os.getloadavg()[0],
    )
    page = head + "\n".join(lines) + "\n"
    print(page)
    if write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page)


def rows(values: Floats) -> list[Row]:
    """What is measured."""
    one, few, zeros = values[:, 0], values[:10_000, 0], np.zeros(len(values))
    return [
        Row(
            "percentile, one metric",
            100_000,
            500,
            lambda: mean_interval(one, resamples=500),
            lambda: scipys(one, 500, "percentile"),
        ),
        Row(
            "BCa, one metric",
            10_000,
            2_000,
            lambda: mean_interval(few, resamples=2_000, method="bca"),
            lambda: scipys(few, 2_000, "bca"),
        ),
        Row(
            "percentile, 20 metrics",
            100_000,
            100,
            lambda: mean_intervals(values, resamples=100),
            lambda: [scipys(column, 100, "percentile") for column in values.T],
        ),
        Row(
            "randomisation test",
            100_000,
            50,
            lambda: randomisation_test(one - 2 / 3, zeros, flips=50),
            lambda: flips(one - 2 / 3, zeros, 50),
        ),
        Row(
            "percentile, one metric",
            100_000,
            10_000,
            lambda: mean_interval(one, resamples=10_000),
        ),
        Row(
            "BCa, one metric",
            100_000,
            10_000,
            lambda: mean_interval(one, resamples=10_000, method="bca"),
        ),
        Row(
            "BCa, 20 metrics",
            100_000,
            10_000,
            lambda: mean_intervals(values, resamples=10_000, method="bca"),
        ),
        Row(
            "randomisation test",
            100_000,
            10_000,
            lambda: randomisation_test(one - 2 / 3, zeros, flips=10_000),
        ),
    ]


def scipys(values: Floats, resamples: int, method: str) -> object:
    """The same interval of scipy, a million draws at a time."""
    batch = max(1, 1_000_000 // len(values))
    return stats.bootstrap((values,), np.mean, n_resamples=resamples, method=method, batch=batch)


def flips(values: Floats, baseline: Floats, resamples: int) -> object:
    """The same test of scipy."""
    return stats.permutation_test(
        (values, baseline),
        lambda one, other, axis: np.mean(one - other, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=10,
    )


def line(row: Row) -> str:
    """Measure one row, as a line of the table."""
    turns = [(seconds(row.peer), seconds(row.ours)) for _ in range(TURNS if row.peer else 1)]
    peer, ours = (min(side) for side in zip(*turns, strict=True))
    against = f"{peer[0]:.2f} s | {ours[0]:.2f} s | {peer[0] / ours[0]:.1f} x"
    cells = against if row.peer else f"- | {ours[0]:.2f} s | "
    return f"| {row.what} | {row.lists:,} | {row.resamples:,} | {cells} | {ours[1]:.2f} s |"


def seconds(run: Callable[[], object] | None) -> tuple[float, float]:
    """Seconds by the clock and of the processor."""
    start, busy = time.perf_counter(), time.process_time()
    if run is not None:
        run()
    return time.perf_counter() - start, time.process_time() - busy


if __name__ == "__main__":
    main()
