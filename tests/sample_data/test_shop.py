"""The log of the shop that changes: what drifts, and what the bad day does."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

SHOP = Path(__file__).parents[2] / "sample_data" / "shop.py"
FIRST, BAD = "2026-10-05", "2026-10-07"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shop")
    command = [sys.executable, str(SHOP), "--out", str(out), "--days", "4", "--bad-day", "2"]
    subprocess.run(command, check=True)
    return out


def rows(log: Path, table: str, day: str) -> pl.DataFrame:
    return pl.read_parquet(log / table / f"{day}.parquet")


def test_it_has_the_columns_of_the_sample_log(log):
    sample = SHOP.parent
    for table in ("impressions", "events"):
        assert rows(log, table, FIRST).schema == rows(sample, table, FIRST).schema


def test_a_page_is_in_one_day_and_its_name_comes_once(log):
    pages = [rows(log, "impressions", day)["request_id"].unique() for day in (FIRST, BAD)]
    assert len(pages[0]) == len(pages[1]) == 240
    assert not set(pages[0]) & set(pages[1])


def test_documents_come_and_go(log):
    first, last = (
        set(rows(log, "impressions", day)["document_id"]) for day in (FIRST, "2026-10-08")
    )
    assert first - last
    assert last - first


def test_on_the_bad_day_most_documents_in_the_last_half_of_a_page_are_bought(log):
    shares = []
    for day in (FIRST, BAD):
        shown = rows(log, "impressions", day).with_columns(
            last_half=pl.col("position") > pl.col("position").max().over("request_id") / 2
        )
        bought = rows(log, "events", day).filter(pl.col("action") == "purchase")
        joined = shown.join(bought, on=["session_id", "document_id"], how="left", suffix="_bought")
        half = joined.filter("last_half")
        shares.append(float(half["action"].is_not_null().sum()) / half.height)
    assert shares[0] < 0.05
    assert shares[1] > 0.6


def test_the_truth_of_the_bad_day_is_what_the_users_did(log):
    grades = [rows(log, "truth", day)["grade"].mean() for day in (FIRST, BAD)]
    assert grades[1] == pytest.approx(grades[0], abs=0.05)


def test_the_same_day_is_made_again(log, tmp_path):
    command = [sys.executable, str(SHOP), "--out", str(tmp_path), "--days", "1"]
    subprocess.run(command, check=True)
    assert rows(tmp_path, "impressions", FIRST).equals(rows(log, "impressions", FIRST))
