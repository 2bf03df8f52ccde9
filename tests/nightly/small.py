"""A small log of many days, and a night on it."""

import json
import random
import tomllib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.cli import main
from pipelines.nightly.outcome import Outcome

FIRST = date(2026, 3, 1)
JOB = """
output = "run"
[log]
path = "log/{date}.parquet"
days = 3
query = "q"
document = "d"
time = "t"
position = "p"
grade = "g"
[features]
min_count = 1
[features.query]
ids = ["user"]
[features.document]
ids = ["d"]
numbers = ["price", "stock"]
[towers]
embedding_dim = 4
query = [8, 4]
document = [8, 4]
scorer = [4]
[training]
epochs = 2
lists_per_batch = 16
learning_rate = 0.02
[evaluation]
cutoffs = [5]
metrics = []
resamples = 100
by = ["user"]
[gate]
min_lists = 10
margin = 0.4
[drift]
off = ["new_ids"]
[nightly]
wait = 0
"""


def day(number: int) -> date:
    """The days of the log count from 1."""
    return FIRST + timedelta(days=number - 1)


def write_day(folder: Path, number: int, *, lists: int = 40, cheap: bool = True) -> None:
    """One day: of every list, the cheapest document is the relevant one (or the dearest)."""
    chance, rows = random.Random(number), []
    for query in range(lists):
        prices = [chance.random() for _ in range(6)]
        best = min(prices) if cheap else max(prices)
        documents = chance.sample(range(2 * number, 2 * number + 20), len(prices))
        rows += [
            {
                "q": f"{number}-{query:03}",
                "user": f"u{query % 8}",
                "d": f"d{document}",
                "t": datetime.combine(day(number), time()) + timedelta(seconds=query),
                "p": place,
                "g": int(price == best),
                "bought": int(price == best and query % 2),
                "price": price,
                "stock": float(chance.randrange(5)),
            }
            for place, (price, document) in enumerate(zip(prices, documents, strict=True), 1)
        ]
    (folder / "log").mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows).write_parquet(folder / "log" / f"{day(number)}.parquet")


def write_job(folder: Path, **changes: Any) -> Path:
    """The job file; ``training__epochs=1`` sets training.epochs."""
    table = tomllib.loads(JOB)
    for name, value in changes.items():
        *sections, key = name.split("__")
        place = table
        for section in sections:
            place = place.setdefault(section, {})
        place[key] = value
    path = folder / "job.toml"
    path.write_text(_toml(table))
    return path


def _toml(table: dict[str, Any]) -> str:
    """Sections as inline values, which TOML takes as well."""

    def value(found: Any) -> str:
        if isinstance(found, dict):
            return "{" + ", ".join(f"{key} = {value(one)}" for key, one in found.items()) + "}"
        if isinstance(found, list):
            return "[" + ", ".join(map(value, found)) + "]"
        return json.dumps(found)

    return "\n".join(f"{key} = {value(one)}" for key, one in table.items()) + "\n"


def night(folder: Path, number: int, *options: str, **changes: Any) -> int:
    """Run a night and return its exit code."""
    job = write_job(folder, **changes)
    return main(["nightly", str(job), "--date", str(day(number)), *options])


def home(folder: Path, number: int) -> Path:
    """Where a night leaves what it leaves."""
    return folder / "run" / "nights" / str(day(number))


def outcome(folder: Path, number: int) -> Outcome:
    """How a night ended."""
    return Outcome.model_validate_json((home(folder, number) / "outcome.json").read_bytes())


def done(folder: Path, number: int) -> list[str]:
    """The steps that were done in the run that wrote the outcome."""
    return [step for step, seconds in outcome(folder, number).seconds.items() if seconds > 0]
