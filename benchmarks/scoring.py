"""Speed of scoring: `Ranker.score` against the plain forward of the same model, in the same run.

``python -m benchmarks.scoring`` prints the tables; ``--write`` also puts them into the docs. Turns
alternate between all rows of a table, so that a busy machine slows all.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import torch

from benchmarks.markdown import table
from benchmarks.training import JOB, LTR, ROOT, Side, repeated, take_turns
from ltr.data.batch import RankingBatch
from ltr.data.batcher import BatchSize
from ltr.data.reader import Lists
from ltr.data.sparse import KeyedJaggedTensor
from ltr.data.ungraded import ungraded_batch
from ltr.recipe import AttentionConfig, TowersConfig, TrainingConfig
from ltr.training import load_ranker, score, train
from pipelines.config import load_job
from pipelines.scoring import Ranker
from pipelines.scoring._lists import RowsOfLists

PAGE = ROOT / "docs" / "benchmarks" / "scoring.md"
COPIES = 2
LIST, CALLS, TURNS = 100, 100, 5
MODELS = {
    "the sample job's": load_job(JOB).recipe.towers,
    "larger towers": TowersConfig(
        embedding_dim=64, query=(256, 128, 64), document=(256, 128, 64), scorer=(64,)
    ),
    "attention over the list": TowersConfig(attention=AttentionConfig(dim=32, heads=2, blocks=2)),
}
HEAD = """# Speed of scoring

Written by `POLARS_MAX_THREADS=1 python -m benchmarks.scoring --write`. {cores} cores, torch
{torch}, polars {polars}; torch and polars work with one thread each. Turns alternate between the
rows of a table; the ratio is the median over turns of the plain forward's time through that of the
row, in the same turn.
"""
ABOUT = """The plain forward is the model alone, on batches of as many documents as those of
`Ranker.score`, encoded and made before. `Ranker.score` starts from the columns of the log: it finds
the lists, encodes, makes batches and scores. Small tables were multiplied by the first layer when
the model was loaded (`ltr.towers.folded`), so it can be quicker than the plain forward. *encoding*
is all of it but the model. Processor time is that of all threads.
"""


def main() -> None:
    """Print every table; with ``--write`` also into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} in the docs")
    given = parser.parse_args()
    torch.set_num_threads(1)
    head = HEAD.format(cores=os.cpu_count(), torch=torch.__version__, polars=pl.__version__)
    page = [head, ABOUT]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ltr("prepare", str(JOB), "--out", str(folder))
        for number, (what, towers) in enumerate(MODELS.items()):
            model = trained(folder, towers, f"model{number}")
            page.append(throughput(what, model, folder / "lists"))
            print(page[-1], flush=True)
        page += [latency(folder / "model0"), whole_log(folder)]
        print(*page[-2:], sep="\n", flush=True)
    page.append(f"Load of the machine at the end: {os.getloadavg()[1]:.1f} processes.\n")
    if given.write:
        PAGE.write_text("\n".join(page))


def ltr(*arguments: str) -> None:
    """Run a command of ours in a process of its own."""
    command = [sys.executable, "-c", LTR, *arguments]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)  # noqa: S603 - our own words


def trained(folder: Path, towers: TowersConfig, name: str) -> Path:
    """An epoch on the sample's lists: what the weights are does not matter."""
    recipe = load_job(JOB).recipe
    quick = TrainingConfig(epochs=1, lists_per_batch=64)
    train(
        folder / "lists",
        folder / name,
        recipe.model_copy(update={"towers": towers, "training": quick}),
    )
    return folder / name


def sample(copies: int) -> pl.DataFrame:
    """The sample's impressions, over and over as other requests, request after request."""
    log = pl.read_parquet(ROOT / "sample_data" / "impressions" / "*.parquet")
    known = log.filter(pl.col("request_id").is_not_null(), pl.col("document_id").is_not_null())
    parts = [known.with_columns(pl.col("request_id") + f"-{number}") for number in range(copies)]
    return pl.concat(parts).sort("request_id", maintain_order=True).rechunk()


def throughput(what: str, model: Path, lists: Path) -> str:
    """Documents a second of a large frame, and that the scores are the training forward's."""
    ranker, rows = Ranker.load(model), sample(COPIES)
    batches = encoded(ranker, rows)
    texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    numbered = rows.with_columns(pl.col(texts).cast(pl.Categorical))
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=0)
    work: dict[str, Callable[[], object]] = {
        "plain forward": partial(forward, ranker, batches),
        "`Ranker.score`, ids as text": partial(ranker.score, rows),
        "`Ranker.score`, ids as Categorical": partial(ranker.score, numbered),
        "`Ranker.score`, rows in random order": partial(ranker.score, shuffled),
        "encoding": partial(encoded, ranker, rows),
    }
    sides = [Side(name=name, measure=repeated(counted(do, len(rows)))) for name, do in work.items()]
    take_turns(sides, turns=TURNS)
    lines = [
        [
            side.name,
            f"{1 / side.wall:,.0f}",
            f"{1 / side.processor:,.0f}",
            f"{ratio(sides[0], side, 'wall'):.2f} x",
            f"{ratio(sides[0], side, 'processor'):.2f} x",
        ]
        for side in sides
    ]
    head = ["", "documents/s", "documents/s of processor time", "ratio", "ratio of processor time"]
    text = table(f"{len(rows):,} documents, {what}", head, lines)
    return f"{text}\nLargest difference to the training forward: {difference(ranker, lists):.1e}.\n"


def counted(do: Callable[[], object], count: int) -> Callable[[], int]:
    """Work that says how much it is."""

    def work() -> int:
        do()
        return count

    return work


def ratio(base: Side, side: Side, of: str) -> float:
    """Median over turns of how much less time the first takes."""
    pairs = zip(base.turns, side.turns, strict=True)
    return float(
        np.median([(getattr(a, of) / a.done) / (getattr(b, of) / b.done) for a, b in pairs])
    )


def encoded(ranker: Ranker, rows: pl.DataFrame) -> list[RankingBatch]:
    """All batches of a frame whose lists stand together."""
    lists = RowsOfLists.of(rows[ranker.query])
    columns = ranker.encoding.encode(rows, lists)
    batches = []
    cuts = BatchSize(documents=ranker.documents_per_batch).cut(torch.from_numpy(lists.lengths))
    for first, end in pairwise(cuts):
        part = slice(first, end)
        places = lists.places(part)
        assert isinstance(places, slice)
        lengths = torch.from_numpy(lists.lengths[part])
        features = ranker.model.card.features
        batches.append(
            ungraded_batch(features, columns, {"query": part, "document": places}, lengths)
        )
    return batches


def forward(ranker: Ranker, batches: list[RankingBatch]) -> None:
    """The model alone. A batch keeps what it once worked out of its ids, so it is wrapped anew."""
    with torch.no_grad():
        for batch in batches:
            query, document = wrapped(batch.query_sparse), wrapped(batch.document_sparse)
            ranker.model.module(replace(batch, query_sparse=query, document_sparse=document))


def wrapped(ids: KeyedJaggedTensor | None) -> KeyedJaggedTensor | None:
    """The same ids, nothing copied."""
    if ids is None:
        return None
    return KeyedJaggedTensor(keys=ids.keys(), values=ids.values(), lengths=ids.lengths())


def difference(ranker: Ranker, lists: Path) -> float:
    """Between the scores of the test lists' rows and the training forward over the lists on disk.

    Rows that the lists leave out are left out of the frame, too, as they would stand beside others.
    """
    found = score(load_ranker(ranker.model.folder), Lists(lists, "test")).numpy()
    shards = [pl.read_ipc(path) for path in sorted((lists / "test").glob("*.arrow"))]
    keys = ["request_id", "document_id", "position"]
    told = pl.concat(shards).rename({"query_id": "request_id"}).select(keys)
    golden = told.explode("document_id", "position").with_columns(golden=found)
    log = pl.read_parquet(ROOT / "sample_data" / "impressions" / "*.parquet")
    rows = log.unique(keys, keep="first").join(golden, on=keys)
    assert len(rows) == len(golden)
    return float((ranker.score(rows) - rows["golden"]).abs().max())  # type: ignore[arg-type]


def latency(model: Path) -> str:
    """One list after another."""
    ranker = Ranker.load(model)
    one = sample(1).head(LIST).with_columns(request_id=pl.lit("one"))
    batches = encoded(ranker, one)
    work: dict[str, Callable[[], object]] = {
        "plain forward": partial(forward, ranker, batches),
        "`Ranker.score`": partial(ranker.score, one),
    }
    took: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(TURNS):
        for name, do in work.items():
            for _ in range(CALLS):
                began = time.perf_counter()
                do()
                took[name].append(time.perf_counter() - began)
    lines = [
        [name, *(f"{np.quantile(times, q) * 1e3:.2f} ms" for q in (0.01, 0.5, 0.99))]
        for name, times in took.items()
    ]
    head = ["", "p1", "p50", "p99"]
    text = table(f"One list of {LIST} documents, the sample job's model", head, lines)
    return f"{text}\n{TURNS * CALLS:,} calls each, one after another in one thread.\n"


def whole_log(folder: Path) -> str:
    """`ltr score` of logs of several sizes: time and memory of the process."""
    lines = []
    for copies in (8, 32):
        sample(copies).write_parquet(folder / "log.parquet")
        began = time.perf_counter()
        script = (
            "import resource, sys; from pipelines.entry import main; main();"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
        )
        where = ["--model", str(folder / "model0"), "--log", str(folder / "log.parquet")]
        where += ["--out", str(folder / "scored"), "--memory", "0.25"]
        told = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", script, "score", *where],
            check=True,
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - began
        rows = (
            pl.scan_parquet(folder / "scored" / "part-*.parquet").select(pl.len()).collect().item()
        )
        peak = int(told.stderr.split()[-1]) * 2**10
        rate = f"{rows / seconds:,.0f}"
        lines.append([f"{rows:,}", f"{seconds:.1f} s", rate, f"{peak / 2**30:.2f} GiB"])
    head = ["rows", "time", "rows/s", "peak memory"]
    return table("`ltr score --memory 0.25`, the whole process", head, lines)


if __name__ == "__main__":
    main()
