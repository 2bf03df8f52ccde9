"""Golden scores: a small made log, models of every kind trained on it, and what they score.

The scores are those of the training forward, `ltr.training.score` over the lists on disk. Every
other way to score the same rows must agree with them: see ``test_golden.py``.

A way of scoring joins in by a function ``f(golden) -> scores of golden.frame`` in that test.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ltr.data.reader import Lists
from ltr.training import load_ranker, score
from pipelines.config import Job, parse_job
from pipelines.contracts import PARTS
from pipelines.jobs.folders import Folders
from pipelines.jobs.prepare import run as prepare
from pipelines.jobs.train import run as train
from pipelines.progress import Progress

TOLERANCE = 1e-5
MODELS: dict[str, dict[str, Any]] = {
    "mlp": {},
    "attention": {"attention": {"dim": 8, "heads": 2, "blocks": 1}},
    "cross": {"interaction": "cross", "tables": {"document/words": {"pooling": "sum"}}},
    "dot": {"interaction": "dot", "scorer": None},
}
"""The towers of each model, where they are not those of ``TABLE``; None takes a key away."""
COLUMNS = {
    "item": {},
    "shop": {"buckets": 11, "hashes": 3},
    "brand": {"buckets": 13},
    "words": {"weights": "counts", "max_length": 3, "keep": "frequent"},
    "tags": {"max_length": 3, "keep": "frequent"},
    "price": {"log1p": True, "missing": True},
    "f1": {"scale": "list_standard", "missing": True},
    "f2": {"scale": "list_minmax", "clip": [-1.0, 1.0]},
    "f3": {"scale": "normal"},
    "f4": {"scale": "minmax"},
    "f5": {"scale": "none"},
}
TABLE: dict[str, Any] = {
    "output": "run",
    "log": {"path": "log.parquet", "query": "request", "document": "item", "grade": "clicked"},
    "features": {
        "query": {
            "ids": ["user", "device"],
            "id_lists": ["history"],
            "numbers": ["hour"],
            # The query's history is looked up in the documents' table.
            "columns": {
                "history": {"vocabulary": "document/item", "weights": "ages"},
                "hour": {"scale": "uniform"},
            },
        },
        "document": {
            "ids": ["item", "shop", "brand"],
            "id_lists": ["tags", "words"],
            "numbers": ["price", "f*"],
            "columns": COLUMNS,
        },
        "min_count": 2,
    },
    "lists": {"min_documents": 1},
    "towers": {
        "embedding_dim": 16,
        "query": [16, 8],
        "document": [16, 8],
        "scorer": [8],
        "tables": {"document/brand": {"dim": 4}},
    },
    "training": {"epochs": 1, "lists_per_batch": 16, "learning_rate": 0.01, "seed": 1},
}


@dataclass(frozen=True, slots=True)
class Golden:
    """A model, rows of a log under the log's own column names, and their scores."""

    run: Path
    """Folder of the run: lists and model."""
    log: Path
    """The file that holds ``frame``."""
    frame: pl.DataFrame
    scores: pl.Series
    """[rows of frame] by the training forward."""

    @property
    def model(self) -> Path:
        return self.run / "model"

    def check(self, scores: pl.Series) -> None:
        """Fail where scores of the rows of ``frame`` are not the golden ones."""
        assert len(scores) == self.frame.height
        assert scores.null_count() == 0
        np.testing.assert_allclose(
            scores.to_numpy(), self.scores.to_numpy(), atol=TOLERANCE, rtol=0
        )


def job(towers: dict[str, Any]) -> Job:
    changed = {key: value for key, value in (TABLE["towers"] | towers).items() if value is not None}
    return parse_job(TABLE | {"towers": changed})


def prepared(folder: Path) -> Path:
    """Make the lists, which all models are trained on; return the folder of the log."""
    made_log().write_parquet(folder / "log.parquet")
    prepare(job({}), Folders(log=folder, run=folder / "lists of all"), Progress("prepare"))
    return folder


def trained(folder: Path, name: str) -> Golden:
    """Train a model of ``MODELS`` on the lists in ``folder``."""
    run = folder / name
    run.mkdir()
    (run / "lists").symlink_to((folder / "lists of all" / "lists").resolve())
    train(job(MODELS[name]), Folders(log=folder, run=run), Progress("train"))
    frame = pl.read_parquet(folder / "log.parquet")
    return Golden(run, folder / "log.parquet", frame, _scores(run, frame))


def _scores(run: Path, frame: pl.DataFrame) -> pl.Series:
    """By the training forward, brought to the order of the log."""
    ranker, parts = load_ranker(run / "model"), []
    for part in PARTS:
        found = score(ranker, Lists(run / "lists", part)).numpy()
        shards = sorted((run / "lists" / part).glob("*.arrow"))
        rows = pl.concat(
            [pl.read_ipc(path, columns=["query_id", "document_id"]) for path in shards]
        )
        parts.append(rows.explode("document_id").with_columns(score=found))
    keys = frame.select(query_id=pl.col("request").cast(pl.String), document_id="item")
    joined = keys.join(
        pl.concat(parts), on=["query_id", "document_id"], how="left", maintain_order="left"
    )
    return joined["score"]


def made_log(lists: int = 60, seed: int = 3) -> pl.DataFrame:
    """Requests of 1 to 12 documents; every column of a feature has nulls and rare values."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, 13, lists)
    rows = int(lengths.sum())
    request = np.repeat(np.arange(lists) + 1000, lengths)
    items = np.concatenate([random.choice(40, size=length, replace=False) for length in lengths])

    def of_lists(values: Any) -> Any:
        return np.repeat(np.asarray(values, dtype=object), lengths).tolist()

    def ids(prefix: str, size: int, count: int) -> list[str | None]:
        drawn = random.integers(-1, size, count)
        return [None if number < 0 else f"{prefix}{number}" for number in drawn]

    def id_lists(prefix: str, size: int, count: int) -> list[list[str | None] | None]:
        drawn = [ids(prefix, size, int(random.integers(0, 6))) for _ in range(count)]
        return [None if random.random() < 0.1 else one for one in drawn]

    def numbers(scale: float) -> list[float | None]:
        drawn = random.lognormal(sigma=scale, size=rows) - 1
        return [None if random.random() < 0.1 else float(value) for value in drawn]

    words = id_lists("w", 9, rows)
    history = id_lists("i", 45, lists)
    ages = [one and random.exponential(size=len(one)).tolist() for one in history]
    return pl.DataFrame(
        {
            "request": request,
            "item": [f"i{number}" for number in items],
            "clicked": random.integers(0, 3, rows).tolist(),
            "user": of_lists(ids("u", 12, lists)),
            "device": of_lists(random.integers(0, 3, lists)),
            "history": [one for one, n in zip(history, lengths, strict=True) for _ in range(n)],
            "ages": [one for one, n in zip(ages, lengths, strict=True) for _ in range(n)],
            "hour": of_lists(random.integers(0, 24, lists)),
            "shop": random.integers(0, 30, rows),
            "brand": ids("b", 20, rows),
            "tags": id_lists("t", 8, rows),
            "words": words,
            "counts": [one and random.integers(0, 4, len(one)).tolist() for one in words],
            "price": numbers(3.0),
            **{f"f{number}": numbers(1.0) for number in range(1, 6)},
        },
        strict=False,
    )
