"""`ltr evaluate` against other tools on the same Parquet file: whole processes, reading included.

    python benchmarks/evaluate.py [--rows 10000000] [--peers PYTHON] [--write]

``--peers`` names the Python of an environment that holds the peers (pytrec_eval-terrier, ranx,
ir_measures, torchmetrics); one that is not found there is looked for beside us. Lists hold 20
documents. ranx and torchmetrics get a file of ``--slow-rows``, 1 million, and our time on that file
stands beside theirs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from textwrap import wrap

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
TABLE = HERE.parent / "docs" / "benchmarks" / "evaluate.md"
METRICS = ("ndcg@1", "ndcg@5", "ndcg@10", "mrr", "map")
LIST, AT_A_TIME = 20, 2_000_000
PEERS = {"pytrec_eval": "big", "ir_measures": "big", "ranx": "big", "torchmetrics": "big"}
"""And the file that each gets."""

TARGETS = {"pytrec_eval": 10, "ir_measures": 50, "ranx": 50, "torchmetrics": 50}
"""How many times faster than each peer the command should be."""

TARGET_PEAK_GB, TARGET_GROWTH = 1.5, 4.4
EQUAL = 1e-4
"""Means that lie further apart are those of different definitions: their times say nothing."""

LTR = "import sys; from pipelines.entry import main; sys.exit(main())"
IMPORTS = [sys.executable, "-c", "import numpy, polars"]
COLUMNS = ["tool", "rows", "wall, s", "CPU, s", "peak, GB"]
COLUMNS += ["ratio of wall", "ratio of CPU", "of CPU, our fixed time left out"]
HEAD = f"""# Evaluating a scored table

Whole processes: interpreter, imports, reading the Parquet file, NDCG@1, 5 and 10, MRR and MAP.
Lists of {LIST} documents, {os.cpu_count()} cores, no intervals, no report. A ratio is the other
tool's time through ours on the same file; the last one leaves out of ours, and not of theirs, what
a table of one list takes. Ours and pytrec_eval take turns; the least time of each counts. Written
by `python benchmarks/evaluate.py --peers PYTHON --write`.
"""


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
    """Measure, print the page, and write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--slow-rows", type=int, default=1_000_000)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a child's largest resident set is never below its parent's.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            files = pool.submit(make_files, Path(folder), given.rows, given.slow_rows).result()
        lines = [HEAD, *against_peers(files, given.peers, given.repeat), *parts(files)]
    lines.append(f"\nLoad of the machine at the end: {os.getloadavg()[1]:.1f} processes.")
    print("\n".join(lines))
    if given.write:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_files(folder: Path, rows: int, slow_rows: int) -> dict[str, Path]:
    """Write the table in several sizes, and once in no order."""
    sizes = {"big": rows, "small": min(rows, slow_rows), "huge": 4 * rows, "tiny": LIST}
    files = {name: folder / f"{name}.parquet" for name in (*sizes, "shuffled")}
    for name, size in sizes.items():
        make(files[name], size)
    table = pq.read_table(files["big"])
    order = np.random.default_rng(1).permutation(table.num_rows)
    pq.write_table(table.take(pa.array(order)), files["shuffled"])
    return files


def against_peers(files: dict[str, Path], python: str, repeat: int) -> list[str]:
    """Time ourselves and the peers by turns, the fastest of each, and compare."""
    wanted = [(files[size], name) for name, size in PEERS.items()]
    turns: list[list[Run | str]] = []
    for turn in range(repeat):
        ours = [ltr(files[name]) for name in ("tiny", "small", "big", "huge")]
        # The slow ones once: a turn of theirs takes minutes, and moves no ratio of theirs.
        asked = [pair for pair in wanted if turn == 0 or pair[1] == "pytrec_eval"]
        turns.append([*ours, *(peer(name, path, python) for path, name in asked)])
    runs = [one for turn in turns for one in turn if isinstance(one, Run)]
    missing = [one for one in turns[0] if isinstance(one, str)]
    best = [fastest(runs, one) for one in turns[0] if isinstance(one, Run)]
    fixed, small, big, huge, *others = best
    mine = {small.rows: small, big.rows: big}
    lines = [row(one) for one in (fixed, small, big, huge)]
    lines += [row(one, mine[one.rows], fixed) for one in others]
    notes = [*missing, *(agreement(mine[one.rows], one) for one in others)]
    verdicts = [verdict(one, mine[one.rows]) for one in others] + limits(big, huge)
    return [*table(COLUMNS, lines), "", *(f"* {note}" for note in notes), "", "## Targets",
            "", *table(["", "target", "wall", "CPU", "met"], verdicts), "",
            *why(fixed, mine, others)]  # fmt: skip


def verdict(one: Run, ours: Run) -> list[str]:
    """Say whether the command is as much faster than a peer as it should be."""
    target, wall, cpu = TARGETS[one.tool], one.wall_s / ours.wall_s, one.cpu_s / ours.cpu_s
    return [f"times faster than {one.tool}", f"{target}", f"{wall:.1f}", f"{cpu:.1f}",
            met(by_wall=wall >= target, by_cpu=cpu >= target)]  # fmt: skip


def limits(big: Run, huge: Run) -> list[list[str]]:
    """Say whether memory and growth are within their targets."""
    wall, cpu = huge.wall_s / big.wall_s, huge.cpu_s / big.cpu_s
    peak = f"{huge.peak_gb:.2f}"
    growth = met(by_wall=wall <= TARGET_GROWTH, by_cpu=cpu <= TARGET_GROWTH)
    return [
        ["times as long for 4 times the rows, at most", f"{TARGET_GROWTH}", f"{wall:.2f}",
         f"{cpu:.2f}", growth],
        [f"peak of {huge.rows:,} rows, GB, at most", f"{TARGET_PEAK_GB}", peak, "",
         "yes" if huge.peak_gb <= TARGET_PEAK_GB else "no"],
    ]  # fmt: skip


def met(*, by_wall: bool, by_cpu: bool) -> str:
    """Say by which clock something holds."""
    if by_wall == by_cpu:
        return "yes" if by_wall else "no"
    return "by wall time only" if by_wall else "by CPU time only"


def why(fixed: Run, mine: dict[int, Run], others: list[Run]) -> list[str]:
    """Say what the ratios that are not met would need, and what there is."""
    short = [one for one in others if one.cpu_s < TARGETS[one.tool] * mine[one.rows].cpu_s]
    needed = [f"{TARGETS[one.tool]} times faster than {one.tool} would be"
              f" {one.cpu_s / TARGETS[one.tool]:.2f} s for everything, and it is"
              f" {mine[one.rows].cpu_s:.2f} s" for one in short]  # fmt: skip
    said = (
        f"By CPU time, {'; '.join(needed)}. A table of one list takes {fixed.cpu_s:.2f} s of this,"
        f" most of it to import numpy and polars; the rest is to read, rank and measure, in the"
        " parts below."
    )
    return wrap(said, 100) if short else []


def fastest(runs: list[Run], like: Run) -> Run:
    """The least wall time and the least CPU time of a tool on a file, and its largest peak."""
    same = [one for one in runs if (one.tool, one.rows) == (like.tool, like.rows)]
    return replace(
        like,
        wall_s=min(one.wall_s for one in same),
        cpu_s=min(one.cpu_s for one in same),
        peak_gb=max(one.peak_gb for one in same),
    )


def parts(files: dict[str, Path]) -> list[str]:
    """Say where our time goes, and what else costs how much."""
    big, shuffled = files["big"], files["shuffled"]
    text = ",".join(METRICS)
    runs = [
        ltr(files["tiny"], "whole process, a table of one list: the fixed time"),
        timed("whole process, importing numpy and polars only", files["tiny"], IMPORTS),
        *(part(name, big) for name in ("import torch", "read", "rank and measure")),
        ltr(big, "whole process"),
        ltr(big, "whole process with P@10, which imports torch", metrics=f"{text},p@10"),
        ltr(big, "whole process with intervals, 2,000 resamples", "--resamples", "2000"),
        part("10,000 resamples of 100,000 lists", big),
        ltr(shuffled, "whole process, rows in no order"),
        ltr(shuffled, "the same with `--memory 0.25`: sorted on the disk", "--memory", "0.25"),
    ]
    lines = [[one.tool, f"{one.wall_s:.2f}", f"{one.cpu_s:.2f}", f"{one.peak_gb:.2f}"]
             for one in runs]  # fmt: skip
    said = f"Where it goes, on {runs[5].rows:,} rows. What is no whole process is timed within one:"
    return ["", "## Parts", "", said, "its peak is the process's.", "",
            *table(["part", "wall, s", "CPU, s", "peak, GB"], lines)]  # fmt: skip


def table(head: list[str], cells: list[list[str]]) -> list[str]:
    """Lay out a table."""
    ruler = "|".join([":--", *["--:"] * (len(head) - 1)])
    return [f"| {' | '.join(head)} |", f"|{ruler}|", *(f"| {' | '.join(line)} |" for line in cells)]


def row(one: Run, ours: Run | None = None, fixed: Run | None = None) -> list[str]:
    """Write one line of the table."""
    told = ["", "", ""]
    if ours and fixed:
        beyond = one.cpu_s / max(ours.cpu_s - fixed.cpu_s, 0.01)
        told = [f"{one.wall_s / ours.wall_s:.1f}", f"{one.cpu_s / ours.cpu_s:.1f}", f"{beyond:.0f}"]
    numbers = f"{one.wall_s:.2f}", f"{one.cpu_s:.2f}", f"{one.peak_gb:.2f}"
    return [one.tool, f"{one.rows:,}", *numbers, *told]


def agreement(ours: Run, other: Run) -> str:
    """Say how far the means of two tools lie apart.

    Raises:
        RuntimeError: They are not equal, so that a ratio would compare different work.
    """
    far = max(abs(ours.values[name] - other.values[name]) for name in METRICS)
    if far > EQUAL:
        msg = f"{other.tool} must give the means that ltr gives; they differ by {far:.0e}"
        raise RuntimeError(msg)
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


def ltr(
    path: Path, said: str = "ltr evaluate", *more: str, metrics: str = ",".join(METRICS)
) -> Run:
    """Run the command."""
    columns = ["--query", "query", "--label", "grade", "--score", "score", "--gain", "linear"]
    options = ["--blank", "zero", "--metrics", metrics, *more]
    options += [] if "--resamples" in more else ["--resamples", "0"]
    return timed(said, path, [sys.executable, "-c", LTR, "evaluate", str(path), *columns, *options])


def part(name: str, path: Path) -> Run:
    """Run one part of our work, and take the times that it says."""
    command = [sys.executable, "-m", "benchmarks.evaluate_parts", name, str(path)]
    run = timed(name, path, command)
    return replace(run, wall_s=run.values["wall_s"], cpu_s=run.values["cpu_s"])


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
