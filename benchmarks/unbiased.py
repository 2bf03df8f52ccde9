"""What propensities are worth: how near the curves come, and how much better a model ranks by them.

Clicks are simulated, so the truth is known. `python -m benchmarks.unbiased` prints the page
docs/benchmarks/unbiased.md; some minutes on two cores.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import torch

from ltr.data.reader import Lists
from ltr.evaluation import click_model_curve, harvested_curve
from ltr.metrics import ndcg
from ltr.training import load_ranker, score, train
from pipelines.config import parse_job
from pipelines.jobs import prepare
from pipelines.jobs.folders import Folders
from pipelines.progress import Progress

TRUTH = 1 / np.arange(1, 11) ** 0.8
SEEDS = (0, 1, 2)
Array = npt.NDArray[Any]


def main() -> None:
    """Print the page."""
    torch.set_num_threads(2)
    print(HEAD)
    for documents, views in ((1_000, 400), (20_000, 20), (50_000, 4)):
        print(f"| {documents:,} | {views} | " + " | ".join(curve_errors(documents, views)) + " |")
    print(TRAINED)
    for name, changes in VARIANTS.items():
        values = [true_ndcg(seed, changes) for seed in SEEDS]
        row = (float(np.mean(values)), min(values), max(values))
        print(f"| {name} | " + " | ".join(f"{value:.4f}" for value in row) + " |", flush=True)
    print(TAIL)


HEAD = """# Position bias: simulated clicks, known truth

Written by `python -m benchmarks.unbiased`. Ten documents a list; position p is examined with the
probability 1 / p^0.8. Propensities are clipped at 0.05.

## How near the curves come

Largest error over the ten positions, and seconds. A noisy ranker puts better documents higher, so
that click rates fall faster than examination. Two cores, shared with other work.

| documents | views each | click rates | harvesting | pbm |
|---|---|---|---|---|"""

TRAINED = """
## What a model gains

6,000 lists from 300 documents. The log was ranked by a number that says a quarter of what there is
to know; the model sees it and another that says the rest. NDCG@10 on true relevance: mean, least
and most of three logs.

| trained on | NDCG@10 | least | most |
|---|---|---|---|"""

TAIL = """
Half of what position bias costs comes back. The logs differ more from one another than the rows do:
each has 300 documents of its own."""


def curve_errors(documents: int, views: int) -> list[str]:
    """Largest errors of the click rates and of both estimates, with their seconds."""
    positions, names, clicks = clicked_lists(documents // 10, views)
    cell, row = np.unique(names * 100 + positions, return_inverse=True)
    counts = (np.bincount(row), np.bincount(row, clicks), cell % 100, cell // 100)
    rates = np.bincount(positions, clicks)[1:] / np.bincount(positions)[1:]
    found = [f"{np.abs(rates / rates[0] - TRUTH).max():.3f}"]
    for estimate in (harvested_curve, click_model_curve):
        start = time.perf_counter()
        error = np.abs(estimate(*counts) - TRUTH).max()
        found.append(f"{error:.3f} ({time.perf_counter() - start:.1f} s)")
    return found


def clicked_lists(queries: int, views: int) -> tuple[Array, Array, Array]:
    """Positions, documents and clicks ``[rows]`` of lists that a noisy ranker made."""
    rng = np.random.default_rng(0)
    relevance = np.repeat(rng.beta(1, 4, (queries, 1, 10)), views, axis=1)
    drawn = relevance + rng.normal(0, 0.15, relevance.shape)
    ranks = np.argsort(np.argsort(-drawn, axis=-1), axis=-1)
    clicks = rng.random(relevance.shape) < TRUTH[ranks] * relevance
    names = np.broadcast_to(np.arange(10 * queries).reshape(queries, 1, 10), ranks.shape)
    return ranks.ravel() + 1, names.ravel(), clicks.ravel()


CLICKS = "CASE WHEN is_test THEN relevant ELSE clicked END"
ESTIMATED = {"estimate": "harvesting", "clicked": "clicked"}
VARIANTS: dict[str, dict[str, Any]] = {
    "clicks as they are": {},
    "clicks / propensity, harvested": {"propensity": ESTIMATED, "loss": {"unbiased": True}},
    "clicks / propensity, pbm": {
        "propensity": {**ESTIMATED, "estimate": "pbm"},
        "loss": {"unbiased": True},
    },
    "clicks / propensity, the true one": {
        "propensity": {"column": "examined"},
        "loss": {"unbiased": True},
    },
    "true relevance instead of clicks": {"grades": [{"grade": 1, "when": "relevant"}]},
}


def true_ndcg(seed: int, changes: dict[str, Any]) -> float:
    """Prepare, train, and rank the test lists, whose grades are the truth."""
    with tempfile.TemporaryDirectory() as folder:
        simulated_log(seed).write_parquet(Path(folder) / "log.parquet")
        job = parse_job(job_table(seed, changes))
        folders = Folders(log=Path(folder), run=Path(folder) / "run")
        with Progress("benchmark") as progress:
            prepare.run(job, folders, progress)
        train(folders.lists, folders.model, job.recipe)
        lists = Lists(folders.lists, "test")
        scores = score(load_ranker(folders.model), lists)
        return float(ndcg(scores, lists.grades(), k=10, lengths=lists.lengths))


def job_table(seed: int, changes: dict[str, Any]) -> dict[str, Any]:
    """The job, as its file would say it."""
    table: dict[str, Any] = {
        "output": "run",
        "log": {
            "path": "log.parquet",
            "query": "query",
            "document": "document",
            "time": "time",
            "position": "position",
        },
        "grades": [{"grade": 1, "when": CLICKS}],
        "features": {"document": {"numbers": ["known", "new"]}},
        "split": {"validation": 0.15, "test": 0.25},
        "loss": {"name": "softmax_cross_entropy"},
        "training": {"epochs": 12, "patience": 4, "learning_rate": 0.005, "seed": seed},
    }
    return {**table, **changes, "loss": {**table["loss"], **changes.get("loss", {})}}


def simulated_log(seed: int, lists: int = 6_000) -> pl.DataFrame:
    """Lists by ``known`` and some noise; relevance is one part ``known``, three parts ``new``."""
    rng = np.random.default_rng(seed)
    known, new = rng.random(300), rng.random(300)
    relevance = ((known + 3 * new) / 4) ** 3
    shown = np.stack([rng.choice(300, 10, replace=False) for _ in range(lists)])
    drawn = known[shown] + rng.normal(0, 0.2, shown.shape)
    shown = np.take_along_axis(shown, np.argsort(-drawn, axis=1), axis=1)
    relevant = rng.random(shown.shape) < relevance[shown]
    clicked = relevant & (rng.random(shown.shape) < TRUTH)
    query = np.repeat(np.arange(lists), 10)
    return pl.DataFrame(
        {
            "query": query,
            "time": query,
            "document": shown.ravel(),
            "position": np.tile(np.arange(1, 11), lists),
            "examined": np.tile(TRUTH, lists),
            "known": known[shown].ravel(),
            "new": new[shown].ravel(),
            "relevant": relevant.ravel(),
            "clicked": clicked.ravel(),
            "is_test": query >= 0.75 * lists,
        }
    )


if __name__ == "__main__":
    main()
