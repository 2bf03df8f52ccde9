"""A night that is killed, stopped and starved many times over: how often it comes to its end.

    python -m benchmarks.faults [--write]

The tests do a few of each kind (`tests/faults`); this does many. Small disks need root.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.markdown import table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks" / "faults.md"
KINDS = {
    "boundaries": "kill -9 when a step begins, and when it ends",
    "moments:50:1": "kill -9 at a random moment",
    "calls:150:1": "kill -9 before a random call that changes the disk",
    "alone": "kill -9 before each such call of a command that is run alone",
    "stopped": "SIGTERM when a step begins, and when it ends",
    "asked:50:1": "SIGTERM at a random moment",
    "training:6:1": "SIGTERM after a random batch of the training",
    "full:100:1": "the disk is full from a random call on",
    "limits:8:1": "no file may grow beyond a random size (`RLIMIT_FSIZE`)",
    "small:8:1": "a disk (tmpfs) with 4 to 400 KiB of room",
    "read_only": "a folder or a lock that cannot be written",
    "watched": "a reader looks, again and again, while a night is at work",
}
Trial = dict[str, Any]


def tried() -> dict[str, list[Trial]]:
    """Run all kinds in one process, which forks the nights."""
    few = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "POLARS_MAX_THREADS": "2"}
    found: dict[str, list[Trial]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.faults.killed", folder, *KINDS]
        with subprocess.Popen(  # noqa: S603 - our own words
            command, cwd=ROOT, env={**os.environ, **few}, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                trial = json.loads(line)
                found[trial["kind"]].append(trial)
                if trial["wrong"]:
                    print(trial["kind"], trial["at"], *trial["wrong"], sep="\n  ")
        if process.returncode:
            raise SystemExit(process.returncode)
    return found


def page(found: dict[str, list[Trial]]) -> str:
    """The page in Markdown."""
    rows = [_row(says, found[kind.partition(":")[0]]) for kind, says in KINDS.items()]
    odd = [
        f"- {kind}, {one['at']}: {one['wrong'][0][-200:]}"
        for kind, trials in found.items()
        for one in trials
        if one["wrong"]
    ]
    head = ["what happens to the night", "tried", "survived", "ends of the spoilt night"]
    return (
        f"""# Faults

Written by `python -m benchmarks.faults --write`. A night of `tests/faults/world.py` (240 rows a
day, a champion from the night before, the day scored) is spoilt in a process of its own, looked at,
and run again. It survived if

- what a reader finds afterwards is old or new: the champion's files have their checksums and its
  promotion is the last one, lists, model, report and scores are whole or not there, no record is
  torn, the night before keeps its outcome;
- it ended with the exit code that [nightly.md](../nightly.md) says, and no traceback;
- the rerun does no step again that was done, and ends as a night that nobody spoils: the same exit
  code and outcome, weights and checksums of the version byte for byte, the same lists and scores,
  two versions and two promotions;
- nothing hidden and no snapshot is left behind.

The same holds for prepare, train, evaluate, score, export and vectors run alone, one after another,
where results of an earlier day are replaced.

SIGTERM kills a night whose process is only being started: it does not listen yet.

{table("By kind", head, rows)}
{"What did not survive:" if odd else "All survived."}

{chr(10).join(odd)}
""".rstrip()
        + "\n"
    )


def _row(says: str, trials: list[Trial]) -> list[str]:
    survived = sum(not one["wrong"] for one in trials)
    codes = sorted({one["code"] for one in trials})
    named = [f"killed by {signal.Signals(-one).name}" if one < 0 else str(one) for one in codes]
    return [says, str(len(trials)), str(survived), ", ".join(named)]


def main() -> None:
    """Read the arguments, try all kinds, print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    told = parser.parse_args()
    text = page(tried())
    if told.write:
        PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
