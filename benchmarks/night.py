"""Nights on the sample log that begin with the champion, against nights from initial weights.

    python -m benchmarks.night [--write]

Both sides are whole processes of `ltr nightly` on `sample_data/nightly.toml`, night by night in
turn, each with a registry of its own. The first night has no champion and is the same for both.
"""

import argparse
import datetime
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.markdown import table
from ltr.training.checkpoint import load_history
from pipelines.nightly.nights import NIGHTS, ended

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks" / "night.md"
JOB = ROOT / "sample_data" / "nightly.toml"
LTR = "import sys; from pipelines.entry import main; sys.exit(main())"
FIRST, COUNT = datetime.date(2026, 10, 10), 5
SIDES = {"warm start": "true", "from scratch": "false"}


class Measured(NamedTuple):
    """One night of one side."""

    date: datetime.date
    wall_s: float
    processor_s: float
    train_s: float
    epochs: int
    ndcg: float
    status: str


def main() -> None:
    """Read the arguments, do the nights, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        jobs = {side: _job(Path(folder), side) for side in SIDES}
        nights: dict[str, list[Measured]] = {side: [] for side in SIDES}
        for number in range(COUNT):
            for side, job in jobs.items():
                nights[side].append(_night(job, FIRST + datetime.timedelta(days=number)))
                print(side, *nights[side][-1])
    text = page(nights)
    print(text)
    if told.write:
        PAGE.write_text(text, encoding="utf-8")


def _job(folder: Path, side: str) -> Path:
    """The sample's nightly job in a folder of its own, with or without a warm start."""
    path = folder / side.replace(" ", "_") / "job.toml"
    path.parent.mkdir()
    job = JOB.read_text(encoding="utf-8").replace('output = "../runs/nightly"', 'output = "run"')
    path.write_text(f"{job}warm_start = {SIDES[side]}\n", encoding="utf-8")
    return path


def _night(job: Path, date: datetime.date) -> Measured:
    command = [sys.executable, "-c", LTR, "nightly", str(job), "--date", str(date)]
    command += ["--log", str(JOB.parent)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False, env=os.environ)  # noqa: S603 - our own words
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    night = job.parent / "run" / NIGHTS / str(date)
    outcome = ended(night)
    if outcome is None or outcome.candidate_value is None:
        sys.exit(f"the night of {date} did not end: {done.stderr.decode()}")
    processor = sum(after[:2]) - sum(before[:2])
    train_s, epochs = outcome.seconds["train"], len(load_history(night / "model"))
    return Measured(date, wall, processor, train_s, epochs, outcome.candidate_value, outcome.status)


def page(nights: dict[str, list[Measured]]) -> str:
    """The page in Markdown."""
    head = ["night", "side", "whole night", "processor", "training", "epochs", "NDCG@10", "outcome"]
    rows = [
        [
            *(str(one.date), side, f"{one.wall_s:.1f} s", f"{one.processor_s:.1f} s"),
            *(f"{one.train_s:.1f} s", str(one.epochs), f"{one.ndcg:.4f}", one.status),
        ]
        for pair in zip(*(nights[side] for side in SIDES), strict=True)
        for side, one in zip(SIDES, pair, strict=True)
    ]
    return f"""# A night, with and without a warm start

Written by `python -m benchmarks.night --write`: `ltr nightly` on `sample_data/nightly.toml`, whole
processes, the two sides in turn; a window of six days, whose last lists are held out. The value is
the candidate's on that night's own held-out lists, which are the same for both sides.

{table("Night by night", head, rows)}
{table("After the first night", ["mean", *SIDES, "ratio"], _means(nights))}"""


def _means(nights: dict[str, list[Measured]]) -> list[list[str]]:
    names = {
        "whole night": ("wall_s", ".1f", " s"),
        "processor": ("processor_s", ".1f", " s"),
        "training": ("train_s", ".1f", " s"),
        "epochs": ("epochs", ".1f", ""),
        "NDCG@10": ("ndcg", ".4f", ""),
    }
    rows = []
    for title, (name, form, unit) in names.items():
        warm, scratch = (
            statistics.mean(getattr(one, name) for one in nights[side][1:]) for side in SIDES
        )
        rows.append(
            [title, f"{warm:{form}}{unit}", f"{scratch:{form}}{unit}", f"{warm / scratch:.2f}"]
        )
    return rows


if __name__ == "__main__":
    main()
