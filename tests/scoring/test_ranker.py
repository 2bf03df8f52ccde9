import json
import math
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import polars as pl
import pytest
from polars.testing import assert_series_equal
from safetensors.torch import load_file, save_file

from ltr.training import ModelError
from pipelines.errors import LogError
from pipelines.scoring import Ranker


def close(found: pl.Series, expected: pl.Series) -> None:
    assert_series_equal(found, expected, rel_tol=0, abs_tol=1e-5)


def test_many_threads_share_a_ranker(ranker, attention):
    frames = [attention.frame.sample(fraction=1.0, shuffle=True, seed=n) for n in range(24)]
    expected = [ranker.score(frame) for frame in frames]
    fresh = Ranker.load(attention.model)
    with ThreadPoolExecutor(8) as threads:
        for found, alone in zip(threads.map(fresh.score, frames), expected, strict=True):
            close(found, alone)


def test_a_frame_without_rows_gives_no_scores(ranker, attention):
    assert_series_equal(ranker.score(attention.frame.clear()), pl.Series("score", [], pl.Float32))


def test_rows_without_a_query_get_no_score_and_change_no_other(ranker, attention):
    lost = attention.frame.head(3).with_columns(request=pl.lit(None, pl.Int64))
    both = pl.concat([attention.frame.head(7), lost, attention.frame.tail(-7)])
    scores = ranker.score(both)
    assert scores[7:10].to_list() == [None, None, None]
    close(pl.concat([scores[:7], scores[10:]]), attention.scores)
    assert ranker.score(lost).null_count() == 3


def test_an_unseen_id_is_scored_as_a_null(ranker, attention):
    names = ["user", "item"]
    unseen = attention.frame.with_columns(pl.lit("never seen").alias(name) for name in names)
    null = attention.frame.with_columns(pl.lit(None, pl.String).alias(name) for name in names)
    nothing = attention.frame.with_columns(pl.lit(None).alias(name) for name in names)
    close(ranker.score(unseen), ranker.score(null))
    close(ranker.score(nothing), ranker.score(null))


def test_a_number_that_is_not_finite_is_scored_as_a_null(ranker, attention):
    rows = pl.int_range(pl.len()) % 2 == 0
    infinite = attention.frame.with_columns(pl.when(rows).then(float("inf")).otherwise("price"))
    odd = {"literal": "price"}
    null = attention.frame.with_columns(pl.when(rows).then(None).otherwise("price").alias("price"))
    close(ranker.score(infinite.drop("price").rename(odd)), ranker.score(null))


@pytest.mark.parametrize(
    "dtype", [pl.Categorical, pl.Enum([f"i{n}" for n in range(45)]), pl.Enum(["i1", "i0"])]
)
def test_ids_may_be_numbered_texts(ranker, attention, dtype):
    kept = attention.frame
    if dtype == pl.Enum(["i1", "i0"]):
        kept = kept.with_columns(pl.when(pl.col("item").is_in(["i0", "i1"])).then("item"))
    coded = kept.with_columns(pl.col("item").cast(dtype), pl.col("request").cast(pl.String))
    coded = coded.with_columns(pl.col("request").cast(pl.Categorical))
    close(ranker.score(coded), ranker.score(kept))


def test_a_large_frame_is_scored_in_parts_of_whole_lists(ranker, attention):
    with (
        patch("pipelines.scoring._ranker.DOCUMENTS_AT_A_TIME", 40),
        patch.object(ranker, "documents_per_batch", 15),
    ):
        attention.check(ranker.score(attention.frame))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (pl.col("f1").alias("f9"), "column 'f1'; found request, item"),
        (pl.col("request").alias("Request"), "column 'request'; found no such column"),
        (pl.col("price").cast(pl.String), "column 'price' must hold numbers; found String"),
        (pl.col("item").str.len_chars() * 1.5, "column 'item' must hold text, whole .* Float64"),
        (pl.col("user").alias("tags"), "column 'tags' must hold lists of text, .* String"),
    ],
)
def test_a_frame_without_what_the_model_reads_is_refused_by_the_columns_name(
    ranker, attention, change, message
):
    changed = attention.frame.with_columns(change)
    odd = change.meta.output_name()
    if odd not in attention.frame.columns:
        changed = changed.drop({"f9": "f1", "Request": "request"}[odd])
    with pytest.raises(LogError, match=message):
        ranker.score(changed)


@pytest.mark.parametrize(
    ("weights", "found"),
    [
        ([1.0], "1 rows: words has not as many weights as ids"),
        (None, "1 rows: words has not as many weights as ids"),
        ([1.0, None], "1 rows: a weight of words is null, negative or not finite"),
        ([1.0, -1.0], "1 rows: a weight of words is null, negative or not finite"),
        ([math.nan, 1.0], "1 rows: a weight of words is null, negative or not finite"),
        ([4e38, 1.0], "1 rows: a weight of words is null, negative or not finite"),
    ],
)
def test_odd_weights_of_ids_are_refused_by_the_columns_name(ranker, attention, weights, found):
    rows = attention.frame.head(3).with_columns(
        request=1,
        words=pl.Series([["w1"], ["w1", "w2"], []]),
        counts=pl.Series([[1.0], weights, None]),
    )
    with pytest.raises(LogError, match=f"weights must be one per id, finite.*{found}$"):
        ranker.score(rows)
    fine = rows.with_columns(counts=pl.Series([[1.0], [0.0, 2.0], None]))
    assert ranker.score(fine).is_finite().all()


def test_odd_weights_of_a_query_are_refused_by_the_columns_name(ranker, attention):
    rows = attention.frame.head(2).with_columns(
        request=1, history=pl.Series([["i1"]] * 2), ages=pl.Series([[math.inf]] * 2)
    )
    with pytest.raises(LogError, match="a weight of history is null, negative or not finite"):
        ranker.score(rows)


def test_a_model_of_an_earlier_version_asks_for_the_query(model, attention):
    (model / "job.json").unlink()
    with pytest.raises(
        ModelError, match=r"no job\.json, as models of earlier versions.*give query="
    ):
        Ranker.load(model)
    attention.check(Ranker.load(model, query="request").score(attention.frame))


def test_a_job_that_is_no_job_is_refused(model):
    (model / "job.json").write_text("[]")
    with pytest.raises(ModelError, match=r"job\.json is not valid"):
        Ranker.load(model)
    (model / "job.json").write_text(json.dumps({"log": 3, "lists": []}))
    with pytest.raises(ModelError, match="give query="):
        Ranker.load(model)


def test_a_model_must_hold_its_own_encoder(model):
    (model / "encoder").rename(model / "other")
    with pytest.raises(ModelError, match="must hold the encoder of its lists; got no folder"):
        Ranker.load(model)
    (model / "other").rename(model / "encoder")
    card = json.loads((model / "model.json").read_text())
    (model / "model.json").write_text(json.dumps(card | {"encoder": "00"}))
    with pytest.raises(ModelError, match="the model is of encoder 00; the folder holds"):
        Ranker.load(model)


def test_scores_that_are_not_finite_are_an_error_that_names_the_model(model, attention):
    weights = load_file(model / "model.safetensors")
    save_file({k: v * float("nan") for k, v in weights.items()}, model / "model.safetensors")
    with pytest.raises(ModelError, match=rf"{model}: a model must give finite scores; got nan for"):
        Ranker.load(model).score(attention.frame)
