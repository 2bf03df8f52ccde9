import json
from datetime import date
from unittest.mock import patch

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from safetensors.torch import load_file, save_file

from ltr.training import ModelError
from pipelines.cli import main
from pipelines.errors import JobError, LogError
from pipelines.progress import Progress
from pipelines.scoring import Scored, score_log
from pipelines.spill.budget import Plan


def scored(golden, log, out, **options):
    """Score a frame or a path; return the record, the scores and the rejects."""
    if isinstance(log, pl.DataFrame):
        out.parent.mkdir(exist_ok=True)
        log.write_parquet(out.parent / "log.parquet")
        log = out.parent / "log.parquet"
    record = score_log(golden.model, log, out, Progress("score"), **options)
    assert Scored.load(out) == record
    scores = pl.read_parquet(out / "part-*.parquet")
    rejects = sorted((out / "rejects").glob("*.parquet"))
    rejected = pl.concat([pl.read_parquet(path) for path in rejects]) if rejects else None
    lost = rejected.height if rejected is not None else 0
    # Whatever is read is scored or rejected.
    assert record.read == record.rows + sum(record.rejected.values()) == scores.height + lost
    assert record.rows == scores.height == sum(part.rows for part in record.parts)
    return record, scores, rejected


def cut_into(partitions, piece_rows=50):
    plan = Plan(partitions=partitions, piece_rows=piece_rows)
    return patch("pipelines.scoring._log.plan", return_value=plan)


def in_order(golden, scores):
    keys = golden.frame.select("request", "item")
    return keys.join(scores, on=["request", "item"], how="left", maintain_order="left")


@pytest.mark.parametrize("partitions", [1, 7])
def test_rows_of_a_query_are_brought_together_and_ranked(attention, tmp_path, partitions):
    shuffled = attention.frame.sample(fraction=1.0, shuffle=True, seed=1)
    with cut_into(partitions):
        record, scores, _ = scored(
            attention, shuffled, tmp_path / "out", keep=["clicked", "item", "clicked"]
        )
    attention.check(in_order(attention, scores)["score"])
    assert scores.schema == pl.Schema(
        {
            "request": pl.Int64,
            "item": pl.String,
            "score": pl.Float32,
            "rank": pl.Int32,
            "clicked": pl.Int64,
        }
    )
    assert record.queries == attention.frame["request"].n_unique()
    assert len(record.parts) == partitions
    lists = scores.group_by("request", maintain_order=True).all()
    assert lists.height == record.queries
    for ranks, values in lists.select("rank", "score").iter_rows():
        assert ranks == list(range(1, len(ranks) + 1))
        assert values == sorted(values, reverse=True)
    kept = in_order(attention, scores)["clicked"]
    assert kept.to_list() == attention.frame["clicked"].to_list()


def test_rows_that_cannot_be_used_are_kept_with_their_reason(attention, tmp_path):
    place, ages = pl.int_range(pl.len()), pl.col("ages")
    usable = (place % 5 != 0) & (place % 7 != 0) & (place > 1)
    odd_age = attention.frame.select((usable & (ages.list.len() > 0)).arg_max()).item()
    dirty = attention.frame.with_columns(
        request=pl.when(place % 5 != 0).then("request"),
        item=pl.when(place % 7 != 0).then("item"),
        counts=pl.when(place == 1).then(pl.lit([1.0] * 9)).otherwise("counts"),
        ages=pl.when(place == odd_age).then(ages.list.eval(-pl.element() - 1)).otherwise("ages"),
    )
    with cut_into(3):
        record, _, rejected = scored(attention, dirty, tmp_path / "out")
    no_query = dirty["request"].null_count()
    no_document = dirty.filter(pl.col("request").is_not_null())["item"].null_count()
    assert record.rejected == {
        "query is null": no_query,
        "document is null": no_document,
        "words has not as many weights as ids": 1,
        "a weight of history is null, negative or not finite": 1,
    }
    rows = rejected.sort(":row")
    expected = dirty.with_row_index(":row").filter(
        pl.col("request").is_null() | pl.col("item").is_null() | pl.col(":row").is_in([1, odd_age])
    )
    own = ["request", "item", "user", "history", "tags", "price"]
    assert rows[":row"].to_list() == expected[":row"].to_list()
    assert_frame_equal(rows.select(own), expected.select(own))


def test_a_query_too_large_to_be_brought_together_is_rejected_whole(attention, tmp_path):
    lengths = attention.frame["request"].value_counts()
    long = lengths.filter(pl.col("count") > 10)["count"].sum()
    with cut_into(2, piece_rows=100):
        record, scores, rejected = scored(
            attention, attention.frame, tmp_path / "out", most_rows=10
        )
    assert long > 0
    assert record.rejected == {"query has more than 10 rows": long}
    assert rejected[":reason"].unique().to_list() == ["query has more than 10 rows"]
    assert scores["request"].value_counts()["count"].max() <= 10


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "arrow"])
def test_a_log_may_be_of_any_format(attention, tmp_path, suffix):
    log, frame = tmp_path / f"log.{suffix}", attention.frame
    if suffix == "csv":
        frame.select(pl.exclude(pl.List)).write_csv(log)
        with pytest.raises(LogError, match=r"log\.csv: .* names column 'history'"):
            scored(attention, log, tmp_path / "out")
        return
    frame.write_ndjson(log) if suffix == "ndjson" else frame.write_ipc(log)
    _, scores, _ = scored(attention, log, tmp_path / "out")
    attention.check(in_order(attention, scores.with_columns(pl.col("request").cast(int)))["score"])


def test_files_may_differ_in_width_and_lack_features(attention, tmp_path):
    cut = attention.frame["request"].eq(1030).arg_max()
    assert cut is not None
    narrow = attention.frame.head(cut).with_columns(pl.col("request").cast(pl.Int16))
    (tmp_path / "log").mkdir()
    narrow.write_parquet(tmp_path / "log" / "1.parquet")
    rest = attention.frame.tail(-cut)
    rest.drop("price").write_parquet(tmp_path / "log" / "2.parquet")
    _, scores, _ = scored(attention, tmp_path / "log", tmp_path / "out")
    whole = pl.concat(
        [narrow, rest.with_columns(price=pl.lit(None, pl.Float64))], how="vertical_relaxed"
    )
    _, expected, _ = scored(attention, whole, tmp_path / "other")
    assert_frame_equal(scores, expected, rel_tol=0, abs_tol=1e-5, check_row_order=False)
    assert scores.schema["request"] == pl.Int64


def test_a_window_of_days_is_scored(attention, tmp_path):
    for day in (1, 2, 4):
        attention.frame.write_parquet(tmp_path / f"2026-10-0{day}.parquet")
    log = str(tmp_path / "{date}.parquet")
    record, _, _ = scored(attention, log, tmp_path / "out", last_day=date(2026, 10, 2))
    assert [part.path[-10:-8] for part in record.log] == ["02"]
    with pytest.raises(LogError, match="every day of the window; found nothing of 2026-10-03"):
        scored(attention, log, tmp_path / "out", last_day=date(2026, 10, 4), days=2)


def test_a_log_without_rows_gives_a_file_without_rows(attention, tmp_path):
    record, scores, _ = scored(attention, attention.frame.clear(), tmp_path / "out")
    assert (record.read, record.rows, record.queries, len(record.parts)) == (0, 0, 0, 1)
    assert scores.columns == ["request", "item", "score", "rank"]


def test_ids_stay_what_they_are_in_the_log(attention, tmp_path):
    odd = attention.frame.head(30).with_columns(
        request=pl.Series([True, False, True] * 10), item=pl.int_range(30)
    )
    _, scores, _ = scored(attention, odd, tmp_path / "out", query="request")
    assert scores.schema["request"] == pl.Boolean
    assert scores.schema["item"] == pl.Int64
    assert sorted(scores["item"]) == list(range(30))


def test_what_fails_leaves_the_old_scores(attention, model, tmp_path):
    out = tmp_path / "out"
    scored(attention, attention.frame, out)
    before = (out / "manifest.json").read_bytes()
    weights = load_file(model / "model.safetensors")
    save_file({k: v * float("inf") for k, v in weights.items()}, model / "model.safetensors")
    with pytest.raises(ModelError, match=f"{model}: a model must give finite scores"):
        score_log(model, attention.log, out, Progress("score"))
    assert (out / "manifest.json").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".out")) == [
        str(out.readlink())
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": ["nothing"]}, "--keep names column 'nothing'"),
        ({"keep": ["score"]}, "are written as columns score and rank; found a column 'score'"),
        ({"document": "shown"}, "the document names column 'shown'"),
    ],
)
def test_columns_that_cannot_be_written_are_refused(attention, tmp_path, options, message):
    with pytest.raises(LogError, match=message):
        scored(attention, attention.frame, tmp_path / "out", **options)


def test_a_model_without_its_job_asks_for_the_document(model, attention, tmp_path):
    (model / "job.json").unlink()
    with pytest.raises(LogError, match="column of documents must be named; found no --document"):
        score_log(model, attention.log, tmp_path / "out", Progress("score"), query="request")
    record = score_log(
        model, attention.log, tmp_path / "out", Progress(""), query="request", document="item"
    )
    assert record.rows == attention.frame.height


def test_the_command_says_what_became_of_the_rows(attention, tmp_path, capsys):
    out = tmp_path / "out"
    where = ["--model", str(attention.run), "--log", str(attention.log), "--out", str(out)]
    assert main(["score", *where, "--keep", "clicked", "--memory", "0.1"]) == 0
    rows, queries = attention.frame.height, attention.frame["request"].n_unique()
    said = f"score: wrote {out}\n  {rows} of {rows} rows of {queries} queries scored\n"
    assert capsys.readouterr().out == said
    record = json.loads((out / "manifest.json").read_text())
    assert record["columns"] == ["request", "item", "score", "rank", "clicked"]
    assert record["model"]["folder"] == str(attention.model.resolve())
    assert main(["score", *where, "--query", "asked"]) == 2
    assert "the query names column 'asked'" in capsys.readouterr().err


def test_two_processes_do_not_write_one_folder(tmp_path):
    from pipelines.jobs.score import _locked

    with (
        _locked(tmp_path / "out"),
        pytest.raises(JobError, match="out: another job is writing this folder"),
        _locked(tmp_path / "out"),
    ):
        pass
