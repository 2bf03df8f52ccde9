from dataclasses import replace

from pipelines.night_report import write_night
from pipelines.night_report.words import headline, lines
from tests.night_report import nights


def test_both_files_are_written_over_older_ones_and_nothing_else_is_left(tmp_path):
    (tmp_path / "night.html").write_text("yesterday's")
    paths = write_night(tmp_path, nights.failed())
    assert paths == (tmp_path / "night.html", tmp_path / "night.md")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["night.html", "night.md"]
    assert paths[0].read_text().startswith("<!DOCTYPE html>")
    assert paths[1].read_text().startswith("# sample: night of 2026-11-21\n")


def test_a_night_without_a_champion_says_who_stood_for_it():
    made = nights.night(nights.verdict(champion=None))
    outcome = made.outcome.model_copy(update={"champion": None, "previous": None})
    told = replace(made, outcome=outcome.model_copy(update={"status": "kept"}))
    assert headline(told).sentence.startswith("No model is in use: v0008")
    assert lines(told)[0].startswith("NDCG@10 0.620 against 0.578 of logged order: +0.042 [")
    assert lines(told)[1].startswith("In use after the night: none, so that baselines")


def test_a_night_that_was_stopped_says_that_it_goes_on(tmp_path):
    ended = nights.failed().outcome.model_copy(update={"status": "stopped", "error": None})
    path = write_night(tmp_path, nights.night(None, outcome=ended))[1]
    assert "**Stopped before the end. The same command goes on where it stopped.**" in (
        path.read_text()
    )
