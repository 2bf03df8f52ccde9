"""Logs and models that are poisoned: what they come to is told, and the champion stays."""

import json

import polars as pl
import pytest
from safetensors.numpy import load_file, save_file

from pipelines.nightly.outcome import Exit
from pipelines.telemetry import EventLog
from tests.faults.world import CHANGES, SPOILT, begin
from tests.nightly.small import day, home, night, outcome, write_day

LAST = f"log/{day(SPOILT)}.parquet"


def change(path, **columns):
    pl.read_parquet(path).with_columns(**columns).write_parquet(path)


def broken(here):
    return {one.rule for one in outcome(here, SPOILT).rules if not one.passed}


def test_a_day_without_a_relevant_document_is_refused_for_drift(here):
    change(here / LAST, g=pl.lit(0))
    # Where time splits, that day is all of the validation: there is nothing to choose epochs by.
    assert night(here, SPOILT, **CHANGES) == Exit.BAD_INPUT
    assert "validation part must have two different grades" in (outcome(here, SPOILT).error or "")
    assert night(here, SPOILT, **CHANGES, split__by="hash") == Exit.KEPT
    ended = outcome(here, SPOILT)
    assert (ended.champion, ended.candidate) == ("v0001", None)
    assert broken(here) == {"drift"}
    assert ended.rows["read"] == ended.rows["kept"] == 720


def test_a_log_in_which_nothing_is_relevant_makes_no_model(here, capsys):
    for path in (here / "log").iterdir():
        change(path, g=pl.lit(0))
    off = {**CHANGES, "gate__off": ["drift"]}
    assert night(here, SPOILT, **off) in (Exit.KEPT, Exit.BAD_INPUT)
    assert outcome(here, SPOILT).champion == "v0001"
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("number", [float("nan"), float("inf"), None])
def test_numbers_that_are_none_do_not_become_scores_that_are_none(here, number):
    change(here / LAST, price=pl.lit(number, pl.Float64))
    assert night(here, SPOILT, **CHANGES) in (Exit.PROMOTED, Exit.KEPT)
    scored = pl.read_parquet(home(here, SPOILT) / "scored" / "*.parquet")
    assert scored["score"].is_finite().all()
    assert scored.height == 240


def test_a_candidate_whose_scores_are_no_numbers_is_refused_even_by_force(here, monkeypatch):
    emit = EventLog.emit

    def told(self, event, *args, **fields):
        emit(self, event, *args, **fields)
        if (event, fields.get("step")) == ("step_finished", "train"):
            weights = home(here, SPOILT) / "model" / "model.safetensors"
            tensors = load_file(weights)
            tensors[min(name for name in tensors if "scorer" in name)][:] = float("nan")
            save_file(tensors, weights)

    monkeypatch.setattr(EventLog, "emit", told)
    for options in ([], ["--force"]):
        assert night(here, SPOILT, *options, **CHANGES) == Exit.KEPT
        assert "finite" in broken(here)
        assert outcome(here, SPOILT).champion == "v0001"
    assert (home(here, SPOILT) / "scored" / "manifest.json").exists()


@pytest.mark.parametrize("rows", [20_000])
def test_one_user_with_most_of_the_rows_is_counted_and_does_not_end_the_night(here, rows):
    day_rows = pl.read_parquet(here / LAST)
    one = day_rows.filter(pl.col("q") == day_rows["q"][0])
    giant = pl.concat([one.head(1)] * rows).with_columns(
        q=pl.lit("giant"),
        user=pl.lit("robot"),
        p=pl.int_range(1, rows + 1),
        g=pl.lit(0),
        d=pl.format("r{}", pl.int_range(rows)),
    )
    pl.concat([day_rows, giant.select(day_rows.columns).cast(day_rows.schema)]).write_parquet(
        here / LAST
    )
    assert night(here, SPOILT, **CHANGES) in (Exit.KEPT, Exit.PROMOTED)
    ended = outcome(here, SPOILT)
    assert ended.rows["read"] == 720 + rows
    assert ended.rows["read"] == sum(ended.rows[name] for name in ("kept", "filtered", "rejected"))
    if ended.status == "kept":
        assert ended.champion == "v0001"


EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def test_what_the_log_holds_is_never_markup(tmp_path):
    here = tmp_path / "shop"
    assert begin(here) == Exit.PROMOTED
    for number in (2, 3, 4):
        path = here / "log" / f"{day(number)}.parquet"
        evil = {name: pl.lit(EVIL) + pl.col(name) for name in ("q", "d", "user")}
        change(path, **evil)
    changes = {**CHANGES, "evaluation__by": ["user"], "gate__slices": ["user"]}
    changes |= {"drift__unseen": 1.0, "gate__slice_min_lists": 2, "gate__slice_margin": 0.9}
    assert night(here, SPOILT, **changes) in (Exit.PROMOTED, Exit.KEPT)
    pages = [path for path in (here / "run").rglob("*.html") if not path.is_symlink()]
    assert {path.name for path in pages} >= {"night.html", "report.html"}
    seen = 0
    for path in [*pages, *(here / "run").rglob("*.md")]:
        text = path.read_text()
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        seen += "script&gt;alert" in text or "script\\>" in text
    assert seen
    assert json.loads((home(here, SPOILT) / "outcome.json").read_text())["rows"]["kept"] == 720


def test_a_log_of_which_every_row_is_rejected_ends_the_night_and_counts_them(here):
    for number in (2, 3, 4):
        write_day(here, number)
        change(here / "log" / f"{day(number)}.parquet", d=pl.lit(None, pl.String))
    assert night(here, SPOILT, **CHANGES) == Exit.BAD_INPUT
    ended = outcome(here, SPOILT)
    assert ended.champion == "v0001"
    assert "720" in (ended.error or "")
