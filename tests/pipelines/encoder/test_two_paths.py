"""Rows that `prepare` made lists of, and the same rows of the log encoded for scoring."""

import numpy as np
import polars as pl
import pytest
import torch

from ltr.data.manifest import Manifest
from ltr.data.reader import Lists
from pipelines.encoder import Encoder
from pipelines.errors import LogError
from pipelines.jobs.folders import Folders
from pipelines.jobs.prepare import run
from pipelines.progress import Progress
from tests.pipelines.job_tables import events, job, log

COLUMNS = {
    "item": {"buckets": 7, "hashes": 3},
    "shop": {"max_ids": 2},
    "tags": {"max_length": 2, "keep": "frequent"},
    "price": {"log1p": True, "missing": True},
    "f1": {"scale": "list_standard", "missing": True},
    "f2": {"scale": "list_minmax", "clip": [-1, 1]},
    "f10": {"scale": "normal"},
    "f11": {"scale": "minmax"},
}
FEATURES = {
    "query": {"ids": ["user"], "numbers": ["hour"], "columns": {"hour": {"scale": "uniform"}}},
    "document": {
        "ids": ["item", "shop"],
        "id_lists": ["tags"],
        "numbers": ["price", "f*"],
        "columns": COLUMNS,
    },
    "min_count": 1,
}


def wide_log():
    """The log with numbers that sum differently in another order, and with gaps."""
    rows = log(lists=20, documents=6)
    random = np.random.default_rng(0)
    numbers = {name: random.lognormal(sigma=3, size=rows.height) for name in ("f10", "f2", "f11")}
    return rows.with_columns(
        pl.Series("shop", random.integers(0, 4, rows.height)),
        pl.Series("f1", random.normal(size=rows.height).astype(np.float32)),
        *(pl.Series(name, values) for name, values in numbers.items()),
        hour=pl.col("shown") % 7,
        price=pl.when(pl.col("rank") == 2).then(None).otherwise("price"),
    ).with_columns(pl.when(pl.col("rank") == 3).then(None).otherwise("f1").alias("f1"))


@pytest.fixture
def folders(tmp_path):
    wide_log().write_parquet(tmp_path / "log.parquet")
    events(20).write_parquet(tmp_path / "events.parquet")
    return Folders(log=tmp_path, run=tmp_path / "run")


def made(folders, **changes):
    with Progress("test") as progress:
        run(job(features=FEATURES | changes), folders, progress)
    return Manifest.load(folders.lists, verify=True)


def test_the_nightly_path_and_the_scoring_path_give_identical_tensors(folders):
    manifest = made(folders)
    encoder = Encoder.load(folders.lists / "encoder")
    lists = Lists(folders.lists, "train")
    batch = lists.gather(torch.arange(len(lists)))

    shuffled = wide_log().sample(fraction=1.0, shuffle=True, seed=3)
    encoded = encoder.transform(encoder.from_log(shuffled.lazy(), query="request")).collect()
    times = pl.Series("time", shuffled["shown"])
    rows = encoded.with_columns(times, shuffled["rank"]).sort("time", "query_id", "rank")
    rows = rows.head(int(lists.lengths.sum()))
    queries = rows.unique("query_id", keep="first", maintain_order=True)

    assert [feature.column for feature in manifest.features] == [
        feature.column for feature in encoder.features()
    ]
    for side, frame, dense, sparse in (
        ("query", queries, batch.query_dense, batch.query_sparse),
        ("document", rows, batch.document_dense, batch.document_sparse),
    ):
        assert sparse is not None
        features = [feature for feature in manifest.features if feature.side == side]
        numbers = [feature.column for feature in features if feature.kind == "number"]
        assert torch.equal(dense, torch.tensor(frame.select(numbers).to_numpy()))
        for feature in features:
            if feature.kind != "number":
                ids = [[one] if feature.kind == "id" else one for one in frame[feature.column]]
                jagged = sparse[feature.column].to_dense()
                assert [one.tolist() for one in jagged] == [list(one) for one in ids]


def test_features_of_a_pattern_come_in_the_order_of_their_numbers(folders):
    names = [feature.name for feature in made(folders).features if feature.side == "document"]
    assert names == [
        *("item", "shop", "tags", "price", "price:missing"),
        *("f1", "f1:missing", "f2", "f10", "f11"),
    ]


def test_extended_ids_keep_their_numbers_from_night_to_night(folders):
    made(folders, extend=True)
    yesterday = Encoder.load(folders.lists / "encoder").known["query/user"]
    busy = pl.when(pl.col("shown") < 100).then(pl.lit("u9")).otherwise("user").alias("user")
    wide_log().with_columns(busy).write_parquet(folders.log / "log.parquet")
    first = made(folders, extend=True)
    today = Encoder.load(folders.lists / "encoder").known["query/user"]
    old = dict(zip(yesterday.ids, yesterday.numbers.tolist(), strict=True))
    new = dict(zip(today.ids, today.numbers.tolist(), strict=True))
    assert today.ids[0] == "u9"
    assert new == {**old, "u9": 4}
    assert made(folders, extend=True) == first


def test_rows_to_score_that_lack_a_column_are_refused_by_its_name(folders):
    made(folders)
    encoder = Encoder.load(folders.lists / "encoder")
    with pytest.raises(LogError, match=r"the encoder names column 'price'; found request"):
        encoder.from_log(wide_log().drop("price").lazy())
    with pytest.raises(LogError, match=r"encode: column 'query_id' must be String; found no col"):
        encoder.transform(encoder.from_log(wide_log().lazy()))
