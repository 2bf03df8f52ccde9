"""A small job and a small log that the tests vary."""

import copy
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.config import Job, parse_job
from pipelines.sources import LogFile

TABLE: dict[str, Any] = {
    "output": "run",
    "log": {
        "path": "log.parquet",
        "query": "request",
        "document": "item",
        "time": "shown",
        "position": "rank",
        "session": "visit",
    },
    "grades": [{"grade": 2, "when": "buys > 0"}, {"grade": 1, "when": "clicks > 0"}],
    "events": {
        "path": "events.parquet",
        "session": "visit",
        "document": "item",
        "time": "at",
        "action": "what",
        "counts": {"clicks": "click", "buys": "buy"},
    },
    "features": {
        "query": {"ids": ["user"]},
        "document": {"ids": ["item"], "id_lists": ["tags"], "numbers": ["price"]},
        "min_count": 1,
    },
}


def table(**changes: Any) -> dict[str, Any]:
    """The job as nested dicts; ``log__query="x"`` sets log.query, None takes a key away."""
    changed = copy.deepcopy(TABLE)
    for path, value in changes.items():
        *sections, key = path.split("__")
        section = changed
        for name in sections:
            section = section.setdefault(name, {})
        if value is None:
            del section[key]
        else:
            section[key] = value
    return changed


def job(**changes: Any) -> Job:
    """The job, checked."""
    return parse_job(table(**changes))


def log(lists: int = 10, documents: int = 3) -> pl.DataFrame:
    """A clean log: list ``q<i>`` shows documents ``d0``, ``d1`` … in visit ``v<i>`` at 10 i."""
    return pl.DataFrame(
        [
            {
                "request": f"q{i}",
                "item": f"d{j}",
                "shown": 10 * i,
                "rank": j + 1,
                "visit": f"v{i}",
                "user": f"u{i % 3}",
                "tags": [f"t{j}", "all"],
                "price": float(j),
            }
            for i in range(lists)
            for j in range(documents)
        ]
    )


def as_file(frame: pl.DataFrame | pl.LazyFrame) -> list[LogFile]:
    """The frame as a log of one file."""
    return [LogFile(Path("log.parquet"), frame.lazy())]


def events(lists: int = 10) -> pl.DataFrame:
    """In every visit a click on d1, and in every second one a purchase of it."""
    clicks = [
        {"visit": f"v{i}", "item": "d1", "at": 10 * i + 1, "what": "click"} for i in range(lists)
    ]
    buys = [
        {"visit": f"v{i}", "item": "d1", "at": 10 * i + 2, "what": "buy"}
        for i in range(0, lists, 2)
    ]
    return pl.DataFrame(clicks + buys)
