"""`ltr evaluate` against other tools on the same Parquet file: whole processes, reading included.

    python benchmarks/evaluate.py [--rows 10000000] [--peers PYTHON] [--write]

``--peers`` names the Python of an environment that holds the peers (pytrec_eval-terrier, ranx,
ir_measures); torchmetrics is also looked for beside us. One that is not installed is said so.
Lists hold 20 documents. Peers other than pytrec_eval get a file of at most 1 million rows, and
our time on that file stands beside theirs.
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
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
TABLE = HERE.parent / "docs" / "benchmarks" / "evaluate.md"
METRICS = ("ndcg@1", "ndcg@5", "ndcg@10", "mrr", "map")
LIST, SMALL = 20, 1_000_000
AT_A_TIME = 2_000_000
PEERS = ("pytrec_eval", "ranx", "torchmetrics", "ir_measures")
LTR = "import sys; from pipelines.entry import main; sys.exit(main())"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One process that measured one file."""

    tool: str
    rows: int
    wall_s: float
    cpu_s: float
    peak_gb: float
    values: dict[str, float]


def main() -> None:
    """Measure, print the table, and write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = report(Path(folder), given.rows, given.peers, given.repeat)
    print("\n".join(lines))
    if given.write:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(folder: Path, rows: int, python: str, repeat: int) -> list[str]:
    """Run everything and return the lines of the page."""
    big, small, huge = folder / "big.parquet", folder / "small.parquet", folder / "huge.parquet"
    make(big, rows)
    make(small, min(rows, SMALL))
    ours = {path: ltr(path, repeat) for path in (big, small)}
    others = [(big if name == "pytrec_eval" else small, name) for name in PEERS]
    found = [(path, peer(name, path, python)) for path, name in others]
    big.unlink()
    make(huge, 4 * rows)
    largest = ltr(huge, 1)
    head = ["tool", "rows", "wall, s", "CPU, s", "peak, GB", "ratio of wall", "ratio of CPU"]
    cells = [row(ours[big]), row(ours[small]), row(largest)]
    cells += [row(one, ours[path]) for path, one in found if isinstance(one, Run)]
    notes = [one for _, one in found if isinstance(one, str)]
    notes += [agreement(ours[path], one) for path, one in found if isinstance(one, Run)]
    notes.append(f"Load of the machine at the end: {os.getloadavg()[1]:.1f} processes.")
    notes.append(f"4 times the rows take {largest.wall_s / ours[big].wall_s:.2f} times as long.")
    return page(head, cells, notes)


def page(head: list[str], cells: list[list[str]], notes: list[str]) -> list[str]:
    """Lay out the table and what was noted."""
    return [
        "# Evaluating a scored table",
        "",
        "Whole processes: interpreter, imports, reading the Parquet file, NDCG@1, 5 and 10, MRR",
        f"and MAP. Lists of {LIST} documents, {os.cpu_count()} cores, no intervals, no report.",
        "A ratio is the other tool's time through ours on the same file. Written by",
        "`benchmarks/evaluate.py`.",
        "",
        f"| {' | '.join(head)} |",
        f"|{'|'.join([':--', *['--:'] * (len(head) - 1)])}|",
        *(f"| {' | '.join(line)} |" for line in cells),
        "",
        *(f"* {note}" for note in notes),
    ]


def row(one: Run, ours: Run | None = None) -> list[str]:
    """Write one line of the table."""
    ratios = [one.wall_s / ours.wall_s, one.cpu_s / ours.cpu_s] if ours else []
    told = [f"{ratio:.1f}" for ratio in ratios] or ["", ""]
    numbers = f"{one.wall_s:.1f}", f"{one.cpu_s:.1f}", f"{one.peak_gb:.2f}"
    return [one.tool, f"{one.rows:,}", *numbers, *told]


def agreement(ours: Run, other: Run) -> str:
    """Say how far the means of two tools lie apart."""
    far = max(abs(ours.values[name] - other.values[name]) for name in METRICS)
    return f"{other.tool}: no mean differs by more than {far:.0e} from what ltr prints."


def make(path: Path, rows: int) -> None:
    """Write lists of graded, scored documents, some at a time."""
    rng, writer = np.random.default_rng(0), None
    for first in range(0, rows, AT_A_TIME):
        at = np.arange(first, min(first + AT_A_TIME, rows))
        grade = rng.choice(5, len(at), p=[0.6, 0.2, 0.1, 0.06, 0.04]).astype(np.uint8)
        batch = pa.table(
            {
                "query": pa.array(at // LIST).cast(pa.string()),
                "document": pa.array(at).cast(pa.string()),
                "grade": grade,
                "score": (grade + rng.normal(0, 2, len(at))).astype(np.float32),
            }
        )
        writer = writer or pq.ParquetWriter(path, batch.schema)
        writer.write_table(batch)
    if writer:
        writer.close()


def ltr(path: Path, repeat: int) -> Run:
    """Run the command, the fastest of ``repeat`` times."""
    columns = ["--query", "query", "--label", "grade", "--score", "score", "--gain", "linear"]
    options = ["--blank", "zero", "--resamples", "0", "--metrics", ",".join(METRICS)]
    command = [sys.executable, "-c", LTR, "evaluate", str(path), *columns, *options]
    runs = [timed("ltr evaluate", path, command) for _ in range(repeat)]
    return min(runs, key=lambda one: one.wall_s)


def peer(name: str, path: Path, python: str) -> Run | str:
    """Run a peer, or say that it is not installed."""
    for candidate in (python, sys.executable):
        check = [candidate, "-c", f"import {name}"]
        if subprocess.run(check, check=False, capture_output=True).returncode == 0:  # noqa: S603
            return timed(name, path, [candidate, str(HERE / "evaluate_peers.py"), name, str(path)])
    return f"{name} is not installed."


def timed(tool: str, path: Path, command: list[str]) -> Run:
    """Run one process to its end and take its time and its largest resident set."""
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603
        command, cwd=HERE.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        text = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    if process.returncode:
        msg = f"{tool} failed with exit code {process.returncode}"
        raise RuntimeError(msg)
    return Run(
        tool=tool,
        rows=pq.read_metadata(path).num_rows,
        wall_s=wall,
        cpu_s=used.ru_utime + used.ru_stime,
        peak_gb=used.ru_maxrss * 1024 / 1e9,
        values=read(text),
    )


def read(text: str) -> dict[str, float]:
    """Read the means of what a tool printed: a JSON object, or our lines."""
    if text.startswith("{"):
        return dict(json.loads(text))
    lines = [line.split() for line in text.splitlines()]
    return {line[0]: float(line[1]) for line in lines if line and line[0] in METRICS}


if __name__ == "__main__":
    main()
