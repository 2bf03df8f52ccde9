"""The sample log is what its script makes and what its README says."""

import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

SAMPLE_DATA = Path(__file__).parents[2] / "sample_data"
README = (SAMPLE_DATA / "README.md").read_text(encoding="utf-8")
BOT = "u-400"
KEY = ["request_id", "document_id"]
PAIR = ["session_id", "document_id"]
GRADES = {"click": 1, "cart": 2, "purchase": 3}


def make(out: Path, *more: str, threads: int) -> Path:
    command = [sys.executable, str(SAMPLE_DATA / "make.py"), "--out", str(out), *more]
    subprocess.run(command, check=True, env=os.environ | {"POLARS_MAX_THREADS": str(threads)})
    return out


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("remade"), threads=1)


@pytest.fixture(scope="module")
def impressions() -> pl.DataFrame:
    return pl.read_parquet(SAMPLE_DATA / "impressions" / "*.parquet")


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    return pl.read_parquet(SAMPLE_DATA / "events" / "*.parquet")


@pytest.fixture(scope="module")
def truth() -> pl.DataFrame:
    return pl.read_parquet(SAMPLE_DATA / "truth.parquet")


@pytest.fixture(scope="module")
def good(impressions: pl.DataFrame) -> pl.DataFrame:
    usable = pl.all_horizontal(pl.col(*KEY, "time").is_not_null()) & (pl.col("position") > 0)
    return impressions.filter(usable).unique().sort("time")


@pytest.fixture(scope="module")
def attributed(good: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Known actions beside their impression; `shown_at` and `request_id` null where none is."""
    shown = good.select("request_id", *PAIR, "time", shown_at="time")
    known = events.filter(pl.col("action").is_in(list(GRADES)), pl.col("document_id").is_not_null())
    return known.sort("time").join_asof(shown, on="time", by=PAIR, check_sortedness=False)


def files_of(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*.parquet"))


def test_remaking_gives_the_committed_rows(remade: Path) -> None:
    assert files_of(remade) == files_of(SAMPLE_DATA)
    for file in files_of(remade):
        assert_frame_equal(pl.read_parquet(remade / file), pl.read_parquet(SAMPLE_DATA / file))


def test_two_runs_give_the_same_bytes_whatever_the_threads(remade: Path, tmp_path: Path) -> None:
    again = make(tmp_path, threads=3)
    for file in files_of(remade):
        assert (again / file).read_bytes() == (remade / file).read_bytes(), file


def test_a_busier_shop_has_the_same_documents_and_users(
    tmp_path: Path, impressions: pl.DataFrame
) -> None:
    busier = make(tmp_path, "--sessions-per-day", "200", threads=1)
    rows = pl.read_parquet(busier / "impressions" / "*.parquet")
    assert 1.9 * impressions["request_id"].n_unique() < rows["request_id"].n_unique()
    for columns in (["document_id", "category", "price"], ["user_id", "segment"]):
        told = [each.select(columns).drop_nulls().unique() for each in (rows, impressions)]
        both = told[0].join(told[1], on=columns[0])
        assert both.height > 400
        assert (both[columns[1]] == both[f"{columns[1]}_right"]).all()


def test_files_are_small() -> None:
    sizes = [(SAMPLE_DATA / file).stat().st_size for file in files_of(SAMPLE_DATA)]
    assert sum(sizes) < 2_500_000


@pytest.mark.parametrize("folder", ["impressions", "events"])
def test_each_file_holds_the_rows_of_its_day(folder: str) -> None:
    days = [date(2026, 10, 5) + timedelta(days=day) for day in range(10)]
    files = sorted((SAMPLE_DATA / folder).iterdir())
    assert [file.stem for file in files] == [str(day) for day in days]
    for file, day in zip(files, days, strict=True):
        assert pl.read_parquet(file)["time"].dt.date().drop_nulls().unique().to_list() == [day]


def test_the_readme_gives_the_rows_and_describes_the_columns(
    impressions: pl.DataFrame, events: pl.DataFrame, truth: pl.DataFrame
) -> None:
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", README, re.DOTALL | re.MULTILINE))
    for name, frame in {"impressions": impressions, "events": events, "truth": truth}.items():
        assert f"| {frame.height:,} |" in README
        columns = re.findall(r"^\| `(\w+)` \| (\w+)", sections[name], re.MULTILINE)
        types = {column: str(kind.base_type()) for column, kind in frame.schema.items()}
        assert dict(columns) == types


def test_the_readme_counts_the_planted_dirt(
    impressions: pl.DataFrame, events: pl.DataFrame, attributed: pl.DataFrame
) -> None:
    counted = (
        count_row_dirt(impressions) | count_odd_lists(impressions) | count_newcomers(impressions)
    )
    counted |= count_event_dirt(impressions, events, attributed)
    table = re.findall(r"^\| `(\w+)` \| (\d+) \|", README, re.MULTILINE)
    assert counted == {key: int(count) for key, count in table}


def count_row_dirt(impressions: pl.DataFrame) -> dict[str, int]:
    counts = impressions.select(
        duplicate_rows=pl.len() - pl.struct(pl.all()).n_unique(),
        null_request=pl.col("request_id").null_count(),
        null_document=pl.col("document_id").null_count(),
        null_time=pl.col("time").null_count(),
        zero_position=(pl.col("position") == 0).sum(),
        negative_position=(pl.col("position") < 0).sum(),
        null_match=pl.col("match").null_count(),
        null_tags=pl.col("tags").null_count(),
        empty_tags=(pl.col("tags").list.len() == 0).sum(),
    )
    return counts.row(0, named=True)


def count_odd_lists(impressions: pl.DataFrame) -> dict[str, int]:
    bot = impressions.filter(user_id=BOT)
    people = impressions.filter(pl.col("user_id") != BOT, pl.col("request_id").is_not_null())
    sizes = people.group_by("request_id").len()["len"]
    unrated = people.filter(pl.col("quality").is_null())["document_id"].drop_nulls()
    return {
        "bot_documents": bot["document_id"].n_unique(),
        "single_document_requests": int((sizes == 1).sum()),
        "unrated_documents": unrated.n_unique(),
    }


def count_newcomers(impressions: pl.DataFrame) -> dict[str, int]:
    first_new_day = pl.date(2026, 10, 12)
    early = impressions.filter(pl.col("time").dt.date() < first_new_day)
    late = impressions.filter(pl.col("time").dt.date() >= first_new_day)
    new = {
        column: len(set(late[column].drop_nulls()) - set(early[column]))
        for column in ["document_id", "user_id"]
    }
    return {"new_documents": new["document_id"], "new_users": new["user_id"]}


def count_event_dirt(
    impressions: pl.DataFrame, events: pl.DataFrame, attributed: pl.DataFrame
) -> dict[str, int]:
    unmatched = attributed.filter(pl.col("request_id").is_null())
    stray = unmatched.join(impressions, on="session_id", how="anti")
    of_sessions = unmatched.join(impressions, on="session_id", how="semi")
    wait = pl.col("time") - pl.col("shown_at")
    bot_sessions = impressions.filter(user_id=BOT).select("session_id").unique()
    return {
        "bot_clicks": events.join(bot_sessions, on="session_id", how="semi").height,
        "late_purchases": attributed.filter(wait >= timedelta(days=1)).height,
        "same_time_clicks": attributed.filter(wait == timedelta(0)).height,
        "unknown_session": stray.height,
        "never_shown": of_sessions.join(impressions, on=PAIR, how="anti").height,
        "before_shown": of_sessions.join(impressions, on=PAIR, how="semi").height,
        "unknown_action": events.filter(~pl.col("action").is_in(list(GRADES))).height,
        "null_event_document": events["document_id"].null_count(),
    }


def test_truth_has_one_row_for_every_good_impression(
    good: pl.DataFrame, truth: pl.DataFrame
) -> None:
    people = good.filter(pl.col("user_id") != BOT)
    assert not truth.select(KEY).is_duplicated().any()
    assert people.join(truth, on=KEY, how="anti").is_empty()


def test_attributed_events_give_the_true_grade(
    good: pl.DataFrame, attributed: pl.DataFrame, truth: pl.DataFrame
) -> None:
    grade = pl.col("action").replace_strict(GRADES, return_dtype=pl.UInt8)
    done = attributed.drop_nulls("request_id").group_by(KEY).agg(done=grade.max())
    people = good.filter(pl.col("user_id") != BOT).select(KEY)
    labelled = people.join(done, on=KEY, how="left").join(truth, on=KEY, how="left")
    assert_frame_equal(labelled.select(grade=pl.col("done").fill_null(0)), labelled.select("grade"))


def test_clicks_follow_the_stated_model_at_every_position(
    good: pl.DataFrame, truth: pl.DataFrame
) -> None:
    shown = truth.join(good.select(*KEY, "position"), on=KEY)
    np.testing.assert_allclose(shown["examination"], shown["position"] ** -0.4, atol=1e-6)
    np.testing.assert_allclose(shown["attraction"], 0.02 + 0.9 * shown["relevance"])
    chance = pl.col("examination") * pl.col("attraction")
    by_position = shown.group_by("position").agg(
        clicks=(pl.col("grade") > 0).sum(),
        expected=chance.sum(),
        deviation=(chance * (1 - chance)).sum().sqrt(),
    )
    surprise = (by_position["clicks"] - by_position["expected"]) / by_position["deviation"]
    assert surprise.abs().max() < 4  # type: ignore[operator]


def test_click_rate_falls_with_the_position(good: pl.DataFrame, truth: pl.DataFrame) -> None:
    shown = truth.join(good.select(*KEY, "position"), on=KEY)
    tens = shown.group_by((pl.col("position") - 1) // 10).agg((pl.col("grade") > 0).mean())
    rates = tens.sort("position")["grade"].to_list()
    assert len(rates) == 4
    assert rates == sorted(rates, reverse=True)


def test_most_requests_have_a_positive_and_some_have_none(truth: pl.DataFrame) -> None:
    share = truth.group_by("request_id").agg((pl.col("grade") > 0).any())["grade"].mean()
    assert 0.6 < share < 0.95  # type: ignore[operator]
