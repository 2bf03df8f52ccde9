"""`ltr prepare` against grouping alone by other tools, on the same Parquet file: whole processes.

    python benchmarks/prepare.py [--rows 10000000] [--peers PYTHON] [--write]

The log has 12 columns, one of them many ids; a list has 20 documents, whose rows arrive within a
minute of each other, so that lists interleave, and a second time in no order at all. We validate,
label, split, fit an encoder, encode and write lists; the peers group the same columns into lists
and write Parquet. ``--peers`` names the Python of an environment that holds duckdb; polars is ours.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
TABLE = HERE.parent / "docs" / "benchmarks" / "prepare.md"
LIST, AT_A_TIME = 20, 1_000_000
USERS, DOCUMENTS, CATEGORIES, BRANDS, TAGS = 200_000, 500_000, 300, 5_000, 2_000
LTR = "import sys; from pipelines.entry import main; sys.exit(main())"
PEERS = {"polars group_by": sys.executable, "duckdb list()": ""}
MEASURED = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
wall = time.perf_counter() - began
cpu = used.ru_utime + used.ru_stime
print(json.dumps({"code": code, "wall_s": wall, "cpu_s": cpu, "peak_gib": used.ru_maxrss / 2**20}))
"""
JOB = """
output = "out"
[log]
path = "log.parquet"
query = "request_id"
document = "document_id"
time = "time"
position = "position"
[[grades]]
grade = 1
when = "clicked"
[features.query]
ids = ["user_id", "device"]
numbers = ["hour"]
[features.document]
ids = ["document_id", "category", "brand"]
id_lists = ["tags"]
numbers = ["price"]
[prepare]
memory = "{memory}"
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One process that was measured."""

    tool: str
    rows: int
    order: str
    wall_s: float
    cpu_s: float
    peak_gib: float


def main() -> None:
    """Measure, print the page, and write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--memory", default="1 GiB")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = report(Path(folder), given)
    print("\n".join(lines))
    if given.write:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(folder: Path, given: argparse.Namespace) -> list[str]:
    """Run everything and return the lines of the page."""
    log, rows = folder / "log.parquet", given.rows
    (folder / "job.toml").write_text(JOB.format(memory=given.memory), encoding="utf-8")
    cells: list[list[str]] = []
    for order in ("nearly by time", "shuffled"):
        make(log, rows, shuffled=order == "shuffled")
        ours = ltr(log, rows, order, given.repeat)
        cells.append(row(ours))
        cells += [
            row(found, ours)
            for name in PEERS
            if (found := peer(name, log, rows, order, PEERS[name] or given.peers, given.repeat))
        ]
    make(log, 4 * rows, shuffled=False)
    largest, smallest = ltr(log, 4 * rows, "nearly by time", 1), float(cells[0][5])
    cells.append(row(largest))
    ratio = largest.peak_gib / smallest
    notes = [f"4 times the rows take {ratio:.2f} times the memory (budget: {given.memory})."]
    notes.append(f"Load of the machine at the end: {os.getloadavg()[1]:.1f} processes.")
    return page(cells, notes)


def page(cells: list[list[str]], notes: list[str]) -> list[str]:
    """Lay out the table and what was noted."""
    head = ["tool", "rows", "order of rows", "wall, s", "CPU, s", "peak, GiB"]
    head += ["ratio of wall", "ratio of CPU"]
    return [
        "# Preparing a log",
        "",
        "Whole processes: interpreter, imports, reading the Parquet file of 12 columns, one of",
        f"them many ids, lists of {LIST} documents. `ltr prepare` validates, labels, splits,",
        "fits an encoder, encodes, writes lists with a checksum and waits until they are on the",
        "disk; the peers group the same columns into lists and write Parquet, without labels and",
        f"encoding. {os.cpu_count()} cores. A ratio is the peer's time through ours on the same",
        "file, above 1 where ours is the faster.",
        "Written by `benchmarks/prepare.py`.",
        "",
        f"| {' | '.join(head)} |",
        f"|:--|--:|:--|{'--:|' * (len(head) - 3)}",
        *(f"| {' | '.join(line)} |" for line in cells),
        "",
        *(f"* {note}" for note in notes),
    ]


def row(one: Run, ours: Run | None = None) -> list[str]:
    """Write one line of the table."""
    ratios = [one.wall_s / ours.wall_s, one.cpu_s / ours.cpu_s] if ours else []
    told = [f"{ratio:.2f}" for ratio in ratios] or ["", ""]
    numbers = f"{one.wall_s:.1f}", f"{one.cpu_s:.1f}", f"{one.peak_gib:.2f}"
    return [one.tool, f"{one.rows:,}", one.order, *numbers, *told]


def ltr(log: Path, rows: int, order: str, repeat: int) -> Run:
    """Run the command, the fastest of ``repeat`` times."""
    command = [sys.executable, "-c", LTR, "prepare", str(log.with_name("job.toml"))]
    runs = [timed("ltr prepare", rows, order, command) for _ in range(repeat)]
    return min(runs, key=lambda one: one.wall_s)


def peer(name: str, log: Path, rows: int, order: str, python: str, repeat: int) -> Run | None:
    """Run a peer, the fastest of ``repeat`` times; None if it is not installed."""
    package = name.partition(" ")[0]
    check = [python, "-c", f"import {package}"]
    if subprocess.run(check, check=False, capture_output=True).returncode:  # noqa: S603
        print(f"{package} is not installed in {python}", file=sys.stderr)
        return None
    command = [python, str(HERE / "prepare_peers.py"), package, str(log)]
    runs = [timed(name, rows, order, command) for _ in range(repeat)]
    return min(runs, key=lambda one: one.wall_s)


def timed(tool: str, rows: int, order: str, command: list[str]) -> Run:
    """Run a process and measure it."""
    time.sleep(1)  # what the last one wrote is on its way to the disk
    whole = [sys.executable, "-c", MEASURED, *command]
    root = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(whole, check=True, capture_output=True, text=True, env=root)  # noqa: S603
    found = json.loads(done.stdout.splitlines()[-1])
    if found.pop("code"):
        raise RuntimeError(done.stderr)
    return Run(tool, rows, order, **found)


def make(path: Path, rows: int, *, shuffled: bool) -> None:
    """Write a log, some rows at a time."""
    writer, rng = None, np.random.default_rng(0)
    # Of a shuffled log every piece holds rows of all queries.
    at = rng.permutation(rows) if shuffled else np.arange(rows)
    for first in range(0, rows, AT_A_TIME):
        batch = piece(at[first : first + AT_A_TIME], np.random.default_rng([1, first]))
        writer = writer or pq.ParquetWriter(path, batch.schema)
        writer.write_table(batch, row_group_size=250_000)
    if writer:
        writer.close()


def piece(at: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """Make rows; what belongs to a query hangs on its number alone."""
    query, position, rows = at // LIST, at % LIST, len(at)
    shown = 1_700_000_000_000_000 + query * 50_000
    of_query = mixed(query)
    user = np.minimum(200 * (1 / (1 - of_query) ** 0.9 - 1), USERS - 1).astype(np.int64)
    document = np.minimum(500 * rng.pareto(1.0, rows), DOCUMENTS - 1).astype(np.int64)
    offsets = np.append(0, rng.integers(0, 5, rows).cumsum()).astype(np.int32)
    tags = (rng.beta(1, 6, offsets[-1]) * TAGS).astype(np.int64)
    table = pa.table(
        {
            "request_id": texts("", query),
            "document_id": texts("item-", document),
            "time": pa.array(shown).cast(pa.timestamp("us")),
            "position": (position + 1).astype(np.int32),
            "user_id": texts("user-", user),
            "device": pa.array(["phone", "desktop", "tablet"]).take(pa.array(query % 3)),
            "hour": (of_query * 24).astype(np.float32),
            "category": texts("category-", document % CATEGORIES),
            "brand": texts("brand-", document % BRANDS),
            "tags": pa.ListArray.from_arrays(pa.array(offsets), texts("tag-", tags)),
            "price": rng.lognormal(3, 1, rows),
            "clicked": rng.random(rows) < 0.2 / (position + 1),
        }
    )
    arrives = shown + rng.integers(0, 60_000_000, rows)
    return table.take(pa.array(np.argsort(arrives, kind="stable")))


def mixed(numbers: np.ndarray) -> np.ndarray:
    """Return a number from 0 to 1 for each, the same for the same."""
    spread = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (spread >> np.uint64(11)).astype(np.float64) / 2**53


def texts(prefix: str, numbers: np.ndarray) -> pa.Array:
    """Return names of numbers."""
    names = pl.select(pl.format(prefix + "{}", pl.Series(numbers))).to_series()
    return names.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.string())


if __name__ == "__main__":
    main()
