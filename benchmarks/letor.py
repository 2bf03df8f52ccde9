"""LETOR text to a matrix, against scikit-learn's `load_svmlight_file` on the same file.

    python -m benchmarks.letor [--mb 200] [--turns 3] [--write]

Both read the file from disk, grades and queries included, and end with numbers in memory: ours
with a dense float32 matrix, scikit-learn's with a sparse float64 one, and the two are compared cell
by cell. They take turns, and each is timed as its best turn. `stream` is a process of its own that
takes all batches of `pipelines.sources.scan`: it shows that the memory does not follow the file.

The ClueWeb judgments are those of the collected data sets (--data); without them their row is left
out.
"""

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.datasets import load_svmlight_file

from pipelines.sources import Letor, read_letor

HERE = Path(__file__).parent
TABLE = HERE.parent / "docs" / "benchmarks" / "letor.md"
DATA = HERE.parent / "../shared/data/clueweb09_webis"
STREAM = """
import sys, time
from pathlib import Path
from typing import Any
from pipelines.sources import scan
start = time.perf_counter()
(file,) = scan(Path(sys.argv[1]), kind="letor")
rows = sum(batch.height for batch in file.rows.collect_batches())
# Not getrusage: its peak begins with that of the process that started this one.
status = Path("/proc/self/status").read_text()
peak_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print(time.perf_counter() - start, peak_mb)
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """The best turn of one reader: seconds of the clock and of the processor."""

    wall_s: float
    cpu_s: float


def main() -> None:
    """Measure, print the table, and write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        texts = make(Path(folder), given.mb * 10**6, given.data)
        rows = [row(name, file, given.turns) for name, file in texts.items()]
    lines = [*HEAD, *rows, "", LOAD.format(os.getloadavg()[0])]
    print("\n".join(lines))
    if given.write:
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


HEAD = [
    "# Speed of reading LETOR text",
    "",
    f"Written by `python -m benchmarks.letor --write`. {os.cpu_count()} cores, scikit-learn "
    f"{sklearn.__version__}, numpy {np.__version__}.",
    "From bytes on disk to a matrix; the best of turns that alternate, of each by itself. The",
    "matrices are equal cell by cell.",
    "",
    "| text | size | rows | scikit-learn | ltr | faster by | processor time, both | by | stream "
    "| its peak |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
]
LOAD = (
    "`stream` reads the file twice (once for its highest feature) through "
    "`pipelines.sources.scan`, in a process of\nits own; its peak holds Python, polars and numpy "
    "too. ltr parses in as many threads as there are cores, so\nread the processor time beside the "
    "wall time: load of the machine at the end {:.1f}."
)


def make(folder: Path, size: int, data: Path) -> dict[str, Path]:
    """Write the texts, each of about ``size`` bytes."""
    random = np.random.default_rng(0)
    texts = {"dense, no comments": _dense(random), "sparse, of uneven lines": _sparse(random)}
    if data.exists():
        folds = (gzip.decompress(fold.read_bytes()) for fold in sorted(data.glob("*.gz")))
        texts = {"ClueWeb09, dense, docid comments": b"".join(folds), **texts}
    files = {}
    for number, (name, text) in enumerate(texts.items()):
        files[name] = folder / f"{number}.letor"
        with files[name].open("wb") as file:
            for _ in range(max(1, round(size / len(text)))):
                file.write(text)
    return files


def _dense(random: np.random.Generator, rows: int = 8000, features: int = 136) -> bytes:
    """Lines as those of MSLR-WEB: all features, whole numbers and six decimals."""
    values = random.gamma(1.0, 20.0, (rows, features))
    form = [" {}:{:.0f}" if at % 3 else " {}:{:.6f}" for at in range(features)]
    return "".join(
        f"{row % 5} qid:{row // 100}"
        + "".join(
            one.format(at + 1, value)
            for at, (one, value) in enumerate(zip(form, line, strict=True))
        )
        + "\n"
        for row, line in enumerate(values)
    ).encode()


def _sparse(random: np.random.Generator, rows: int = 20000, features: int = 300) -> bytes:
    """Lines of 5 to 60 features, of one to eight digits, one in four with a comment."""
    lines = []
    for row in range(rows):
        chosen = np.sort(random.choice(features, random.integers(5, 60), replace=False)) + 1
        digits = random.integers(1, 9, len(chosen))
        pairs = (f"{at}:{random.random():.{d}f}" for at, d in zip(chosen, digits, strict=True))
        comment = f" # doc-{row}" if row % 4 == 0 else ""
        lines.append(f"{row % 3} qid:{row // 30} {' '.join(pairs)}{comment}\n")
    return "".join(lines).encode()


def row(name: str, file: Path, turns: int) -> str:
    """Return a line of the table."""
    ours, theirs = [], []
    for _ in range(turns):
        timed, letor = _time(lambda: read_letor(file))
        ours.append(timed)
        timed, read = _time(lambda: load_svmlight_file(str(file), query_id=True))
        theirs.append(timed)
        check(letor, *read)
    wall = [min(one.wall_s for one in each) for each in (theirs, ours)]
    cpu = [min(one.cpu_s for one in each) for each in (theirs, ours)]
    command = [sys.executable, "-c", STREAM, str(file)]
    done = subprocess.check_output(command, text=True)  # noqa: S603  our own text
    seconds, peak = map(float, done.split())
    return (
        f"| {name} | {file.stat().st_size / 1e6:.0f} MB | {len(letor.grade):,} "
        f"| {wall[0]:.2f} s | {wall[1]:.2f} s | {wall[0] / wall[1]:.1f} x "
        f"| {cpu[0]:.2f} s, {cpu[1]:.2f} s | {cpu[0] / cpu[1]:.1f} x "
        f"| {seconds:.2f} s | {peak:.0f} MB |"
    )


def check(ours: Letor, matrix: Any, grade: Any, query: Any) -> None:  # noqa: ANN401  scipy, untyped
    """Stop if the two readers do not agree in every cell."""
    for start in range(0, len(grade), 50_000):
        part = matrix[start : start + 50_000].toarray().astype(np.float32)
        assert np.array_equal(ours.matrix[1:, start : start + len(part)].T, part)
    assert np.array_equal(ours.grade, grade)
    assert np.array_equal(ours.query.cast(int).to_numpy(), query)


def _time(read: Callable[[], Any]) -> tuple[Timed, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = read()
    return Timed(time.perf_counter() - wall, time.process_time() - cpu), found


if __name__ == "__main__":
    main()
