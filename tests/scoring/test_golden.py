"""Every way to score gives the scores of the training forward, to 1e-5."""

import polars as pl
import pytest

from pipelines.progress import Progress
from pipelines.scoring import Ranker, score_log
from tests.scoring.golden import MODELS, Golden, trained


@pytest.fixture(scope="module", params=MODELS)
def golden(request, folder, attention) -> Golden:
    return attention if request.param == "attention" else trained(folder, request.param)


def by_ranker(golden: Golden) -> pl.Series:
    return Ranker.load(golden.model).score(golden.frame)


def by_shuffled_ranker(golden: Golden) -> pl.Series:
    rows = golden.frame.with_row_index().sample(fraction=1.0, shuffle=True, seed=5)
    scores = Ranker.load(golden.run).score(rows)
    return rows.select("index").with_columns(scores).sort("index")["score"]


def by_log(golden: Golden) -> pl.Series:
    out = golden.run / "scored"
    score_log(golden.model, golden.log, out, Progress("score"))
    found = pl.read_parquet(out / "part-*.parquet")
    keys = golden.frame.select("request", "item")
    return keys.join(found, on=["request", "item"], how="left", maintain_order="left")["score"]


@pytest.mark.parametrize("way", [by_ranker, by_shuffled_ranker, by_log])
def test_scores_are_those_of_the_training_forward(golden, way):
    assert golden.scores.n_unique() > golden.frame.height / 2
    golden.check(way(golden))
