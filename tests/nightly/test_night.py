"""Nights in a row on one small log: what each leaves, and what a rerun does."""

import json

import polars as pl
import pytest

from ltr.data.manifest import Manifest
from ltr.training import ModelCard
from pipelines.encoder import Encoder
from pipelines.nightly.outcome import Exit
from pipelines.registry import Registry
from tests.nightly.small import day, done, home, night, outcome, write_day


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nights")
    for number in range(1, 5):
        write_day(folder, number)
    codes = [night(folder, number, nightly__score="log/{date}.parquet") for number in (3, 4)]
    return folder, codes


def state(folder):
    """Every file and link of a run with what it holds."""
    return {
        str(path.relative_to(folder)): path.readlink() if path.is_symlink() else path.stat().st_ino
        for path in sorted((folder / "run").rglob("*"))
    }


def test_a_first_night_that_beats_the_baselines_makes_its_model_the_champion(two_nights):
    folder, codes = two_nights
    first = outcome(folder, 3)
    assert codes[0] == first.exit_code == Exit.PROMOTED
    assert (first.previous, first.candidate, first.champion) == (None, "v0001", "v0001")
    assert (first.difference or 0) > 0
    assert all(rule.passed for rule in first.rules)
    assert first.rows["read"] == 3 * 40 * 6
    assert sum(first.lists.values()) == 3 * 40


def test_a_second_night_begins_with_the_champion_and_compares_with_it(two_nights):
    folder, codes = two_nights
    second = outcome(folder, 4)
    assert codes[1] == second.exit_code == Exit.PROMOTED
    assert (second.previous, second.champion) == ("v0001", "v0002")
    registry = Registry(folder / "run" / "models")
    assert registry.version("champion").lineage.parent == "v0001"
    parent = ModelCard.load(registry.version("champion").folder).parent
    assert parent is not None
    assert parent.encoder == ModelCard.load(registry.version("v0001").folder).encoder
    rankers = json.loads((home(folder, 4) / "report" / "report.json").read_text())["baselines"]
    assert rankers[0]["name"] == "champion"


def test_ids_of_the_champion_keep_their_numbers(two_nights):
    folder, _ = two_nights
    before, now = (Encoder.load(home(folder, number) / "lists" / "encoder") for number in (3, 4))
    kept = now.rows_from(before, "document/d")
    assert all(row in (-1, number) for number, row in enumerate(kept))
    assert (kept > 0).sum() > 10


def test_the_champion_ranks_the_same_documents_in_the_same_order(two_nights):
    folder, _ = two_nights
    lists = home(folder, 4) / "lists"
    ours, theirs = Manifest.load(lists), Manifest.load(lists / "champion", verify=True)
    ModelCard.load(folder / "run" / "models" / "v0001").check_lists(theirs)
    assert ours.encoder != theirs.encoder
    same = ["query_id", "time", "document_id", "position", "grade"]
    both = [
        pl.concat(
            [pl.read_ipc(root / one.file).select(same) for one in found.splits["test"].shards]
        )
        for root, found in ((lists, ours), (lists / "champion", theirs))
    ]
    assert both[0].equals(both[1])


def test_the_day_is_scored_by_the_model_in_use(two_nights):
    folder, _ = two_nights
    scored = json.loads((home(folder, 4) / "scored" / "manifest.json").read_text())
    assert scored["rows"] == 40 * 6
    assert scored["model"]["folder"].endswith("v0002")


def test_where_a_model_comes_from_is_kept_with_it(two_nights):
    folder, _ = two_nights
    version = Registry(folder / "run" / "models").version("champion")
    version.verify()
    files = [one.file for one in version.lineage.files]
    assert files == [f"log/{day(number)}.parquet" for number in (2, 3, 4)]
    assert version.lineage.date == day(4)
    assert version.lineage.lists == outcome(folder, 4).lists


def test_a_finished_night_is_not_done_again(two_nights, capsys):
    folder, codes = two_nights
    before = state(folder)
    for number, code in ((4, codes[1]), (3, codes[0])):
        assert night(folder, number, nightly__score="log/{date}.parquet") == code
    assert state(folder) == before
    assert "promoted v0002" in capsys.readouterr().out


def test_a_dry_run_of_a_finished_night_says_so_and_leaves_nothing(two_nights, capsys):
    folder, _ = two_nights
    before = state(folder)
    assert night(folder, 4, "--dry-run", nightly__score="log/{date}.parquet") == 0
    assert set(capsys.readouterr().out.splitlines()) == {
        f"{step}: there already"
        for step in (
            *("prepare", "drift", "train", "evaluate", "decide"),
            *("register", "promote", "score", "report"),
        )
    }
    assert state(folder) == before


def test_a_dry_run_names_the_key_that_changed(two_nights, capsys):
    folder, _ = two_nights
    before = state(folder)
    options = {"nightly__score": "log/{date}.parquet", "training__epochs": 3}
    assert night(folder, 4, "--dry-run", **options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "prepare: there already",
        "drift: there already",
        "train: to do, because training.epochs changed",
        "evaluate: to do after train",
    ]
    assert state(folder) == before


def test_a_changed_section_redoes_the_steps_that_it_touches(two_nights):
    folder, _ = two_nights
    score = {"nightly__score": "log/{date}.parquet"}
    assert night(folder, 4, gate__min_lists=11, **score) == Exit.PROMOTED
    assert done(folder, 4) == ["decide"]
