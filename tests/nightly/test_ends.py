"""How nights end that are not plain: kept, forced, drifted, stopped, with another champion."""

import json
import shutil

import polars as pl
import pytest
from filelock import FileLock

from ltr.data.manifest import Manifest
from pipelines import gate
from pipelines.gate import judge
from pipelines.jobs import evaluate, launch
from pipelines.nightly.outcome import Exit
from pipelines.registry import Registry
from tests.nightly.small import day, done, home, night, outcome, write_day


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A champion of night 3, and the log of the days after it."""
    folder = tmp_path_factory.mktemp("begun")
    for number in range(1, 6):
        write_day(folder, number)
    assert night(folder, 3) == Exit.PROMOTED
    return folder


@pytest.fixture
def folder(begun, tmp_path):
    shutil.copytree(begun, tmp_path / "here", symlinks=True)
    return tmp_path / "here"


def registry(folder):
    return Registry(folder / "run" / "models")


def broken(folder, number):
    return {one.rule for one in outcome(folder, number).rules if not one.passed}


def test_a_worse_candidate_is_kept_and_named(folder):
    # A model that learns nothing, against a margin that lets nothing be worse.
    poor = {"training__learning_rate": 1e-9, "training__table_learning_rate": 1e-9}
    poor |= {"nightly__warm_start": False, "gate__margin": 0.0}
    assert night(folder, 4, **poor) == Exit.KEPT
    ended = outcome(folder, 4)
    assert (ended.status, ended.champion, ended.candidate) == ("kept", "v0001", "v0002")
    assert "headline" in broken(folder, 4)
    assert registry(folder).version("v0002").read("gate.json")["promote"] is False

    assert night(folder, 4, "--force", **poor) == Exit.PROMOTED
    ended = outcome(folder, 4)
    assert (ended.status, ended.champion, ended.forced) == ("promoted", "v0002", True)
    assert done(folder, 4) == ["decide", "promote"]
    last = registry(folder).history()[-1]
    assert (last.to, last.forced) == ("v0002", True)
    assert last.why.startswith("forced, although ")

    assert night(folder, 4, **poor) == Exit.PROMOTED  # said once, it stays said


def test_drift_ends_the_night_before_anything_is_trained(folder):
    write_day(folder, 4, lists=4)
    drift = {"log__days": 1, "drift__fewer_lists": 0.1, "drift__off": ["numbers", "new_ids"]}
    drift |= {"split__by": "hash", "gate__min_lists": 2, "gate__margin": 1.0}
    write_day(folder, 4, lists=30)
    assert night(folder, 4, **drift) == Exit.KEPT
    assert broken(folder, 4) == {"drift"}
    ended = outcome(folder, 4)
    assert (ended.candidate, ended.champion) == (None, "v0001")
    assert not (home(folder, 4) / "model").exists()
    assert [one.name for one in registry(folder).versions()] == ["v0001"]

    assert night(folder, 4, "--force", **drift) == Exit.PROMOTED
    assert "prepare" not in done(folder, 4)
    assert outcome(folder, 4).forced


def test_a_column_that_is_read_no_more_is_a_rule_not_a_crash(folder):
    fewer = {"features__document": {"ids": ["d"], "numbers": ["price"]}}
    assert night(folder, 4, **fewer) == Exit.KEPT
    assert broken(folder, 4) == {"drift"}
    assert night(folder, 4, **fewer, drift__off=["schema"]) == Exit.KEPT
    (rule,) = [one for one in outcome(folder, 4).rules if one.rule == "champion"]
    assert "document/stock is no feature of the job" in rule.says
    assert not (home(folder, 4) / "lists" / "champion").exists()
    # Other features are no reason not to train; the weights begin anew.
    assert registry(folder).version("v0002").lineage.parent is None


def test_grades_by_other_rules_are_a_rule_not_a_crash(folder):
    assert night(folder, 4, log__grade="bought", gate__off=["drift"]) == Exit.KEPT
    (rule,) = [one for one in outcome(folder, 4).rules if one.rule == "champion"]
    assert "the lists must be graded as those of the training" in rule.says


def test_a_damaged_champion_is_a_rule_and_a_model_is_ready_all_the_same(folder):
    weights = folder / "run" / "models" / "v0001" / "model.safetensors"
    weights.chmod(0o644)
    weights.write_bytes(b"no weights")
    assert night(folder, 4) == Exit.KEPT
    (rule,) = [one for one in outcome(folder, 4).rules if one.rule == "champion"]
    assert "model.safetensors" in rule.says
    assert outcome(folder, 4).champion == "v0001"
    assert registry(folder).version("v0002").damages() == ()


def test_scores_that_are_no_numbers_are_a_rule_that_no_force_breaks(folder, monkeypatch):
    whole = evaluate.score_all

    def poisoned(*given):
        scores = whole(*given)
        scores["model"][7] = float("nan")
        return scores

    monkeypatch.setattr(evaluate, "score_all", poisoned)
    for options in ((), ("--force",)):
        assert night(folder, 4, *options) == Exit.KEPT
        assert "finite" in broken(folder, 4)
        assert registry(folder).pointer() == "v0001"
    assert (home(folder, 4) / "night.html").exists()


def test_damaged_lists_of_an_old_night_are_no_reason_to_fail(folder):
    shard = next((home(folder, 3) / "lists" / "train").glob("*.arrow"))
    shard.write_bytes(shard.read_bytes()[:100])
    assert night(folder, 4) == Exit.PROMOTED
    (rule,) = [one for one in outcome(folder, 4).rules if one.rule == "drift"]
    assert not rule.applies


def test_another_champion_than_the_night_began_with_is_compared_anew(folder):
    assert night(folder, 4) == Exit.PROMOTED
    (folder / "log" / f"{day(5)}.parquet").rename(folder / "later")
    assert night(folder, 5) == Exit.BAD_INPUT
    pinned = home(folder, 5) / "night.json"
    (folder / "later").rename(folder / "log" / f"{day(5)}.parquet")
    assert night(folder, 5, gate__min_lists=100_000) == Exit.KEPT
    assert json.loads(pinned.read_text())["champion"] == "v0002"
    registry(folder).rollback("v0001")
    night(folder, 5)
    assert outcome(folder, 5).previous == "v0001"
    assert {"prepare", "train", "evaluate"} <= {*done(folder, 5)}


def test_a_night_that_compared_anew_is_finished_as_any_other(folder, monkeypatch):
    assert night(folder, 4) == Exit.PROMOTED
    verdicts: list[object] = []

    def rolled_back_meanwhile(*given, **more):
        if verdicts:
            return judge(*given, **more).model_copy(update={"promote": False})
        registry(folder).rollback("v0001")
        verdicts.append(judge(*given, **more))
        return verdicts[0]

    monkeypatch.setattr(gate, "judge", rolled_back_meanwhile)
    assert night(folder, 5) == Exit.KEPT
    assert outcome(folder, 5).previous == "v0001"
    written = (home(folder, 5) / "outcome.json").stat()
    assert night(folder, 5) == Exit.KEPT
    assert (home(folder, 5) / "outcome.json").stat() == written


def test_a_night_in_processes_begins_with_the_champion_or_with_nothing(folder, monkeypatch):
    started = []
    monkeypatch.setattr(launch, "launch", lambda arguments, _: started.append(arguments))
    named = {"training__warm_start": str(home(folder, 3))}
    for number, goes_on in ((4, True), (5, False)):
        night(folder, number, "--nproc", "2", nightly__warm_start=goes_on, **named)
    begins = [one[one.index("--warm-start") + 1] for one in started]
    assert begins == [str(folder / "run" / "models" / "v0001"), ""]


def test_a_rollback_of_the_nights_own_model_stays(folder):
    assert night(folder, 4) == Exit.PROMOTED
    registry(folder).rollback()
    assert night(folder, 4) == Exit.PROMOTED  # how it ended; nothing is done
    assert registry(folder).pointer() == "v0001"


def test_a_second_night_at_once_is_told_to_come_back(folder):
    with FileLock(folder / "run" / ".lock"):
        assert night(folder, 4) == Exit.BUSY
    assert not home(folder, 4).exists()


def test_a_job_without_a_date_is_refused(folder, capsys):
    from pipelines.cli import main

    assert main(["nightly", str(folder / "job.toml")]) == Exit.BAD_INPUT
    assert "date: a night needs the last day of its window" in capsys.readouterr().err


def test_a_missing_day_fails_the_night_and_the_rest_stays(folder):
    (folder / "log" / f"{day(4)}.parquet").unlink()
    assert night(folder, 4) == Exit.BAD_INPUT
    ended = outcome(folder, 4)
    assert (ended.status, ended.champion) == ("failed", "v0001")
    assert "nothing of 2026-03-04" in (ended.error or "")
    write_day(folder, 4)
    assert night(folder, 4) == Exit.PROMOTED


def test_a_rerun_that_fails_leaves_the_outcome_of_a_finished_night(folder):
    (folder / "log" / f"{day(2)}.parquet").unlink()
    assert night(folder, 3) == Exit.BAD_INPUT
    assert outcome(folder, 3).status == "promoted"


def test_old_nights_go_but_not_the_champions(folder):
    keep = {"nightly__keep": 1, "gate__margin": 0.0, "gate__confidence": 0.999}
    poor = {"training__learning_rate": 1e-9, "nightly__warm_start": False}
    (folder / "run" / "nights" / "2026-01-01").mkdir()
    assert night(folder, 4, **keep, **poor) == Exit.KEPT
    nights = sorted(path.name for path in (folder / "run" / "nights").iterdir())
    assert nights == [str(day(3)), str(day(4))]
    Manifest.load(home(folder, 3) / "lists", verify=True)


def test_a_night_that_was_refused_stays_as_long_as_its_day_is_left_out(folder):
    file = folder / "log" / f"{day(4)}.parquet"
    pl.read_parquet(file).with_columns(pl.col("price") + 100).write_parquet(file)
    assert night(folder, 4, nightly__keep=1) == Exit.KEPT
    assert broken(folder, 4) == {"drift"}
    for number in (5, 6):
        write_day(folder, number)
        night(folder, number, nightly__keep=1)
        log = Manifest.load(home(folder, number) / "lists").job["log"]
        assert isinstance(log, dict)
        assert log["leave_out"] == [str(day(4))]


def test_a_bad_day_without_a_night_of_its_own_costs_no_more_nights_than_the_window_has(folder):
    file = folder / "log" / f"{day(4)}.parquet"
    pl.read_parquet(file).with_columns(pl.col("price") + 100).write_parquet(file)
    for number in (6, 7):
        write_day(folder, number)
    assert [night(folder, number) for number in (5, 6)] == [Exit.KEPT, Exit.KEPT]
    assert night(folder, 7) == Exit.PROMOTED


def test_what_is_told_of_an_end_is_told_once(folder):
    heard = folder / "heard.jsonl"
    command = ["sh", "-c", f"cat >> {heard}; echo >> {heard}"]
    hook = {"notify__command": command, "notify__textfile": "night.prom"}
    assert night(folder, 4, **hook) == night(folder, 4, **hook) == Exit.PROMOTED
    (line,) = heard.read_text().splitlines()
    assert json.loads(line)["status"] == "promoted"
    assert "ltr_night_exit_code" in (folder / "night.prom").read_text()


def test_a_night_before_the_champions_own_does_not_take_its_place_unless_it_is_forced(folder):
    write_day(folder, 4)
    assert night(folder, 4) == Exit.PROMOTED
    champion = outcome(folder, 4).champion
    other = {"training__seed": 5, "gate__margin": 0.9}
    assert night(folder, 3, **other) == Exit.KEPT
    (rule,) = [one for one in outcome(folder, 3).rules if one.rule == "champion"]
    assert f"later night, {day(4)}" in rule.says
    assert outcome(folder, 3).champion == champion
    assert night(folder, 3, "--force", **other) == Exit.PROMOTED
    assert outcome(folder, 3).champion != champion


def test_a_night_that_drifted_is_scored_by_the_champion_all_the_same(folder):
    file = folder / "log" / f"{day(4)}.parquet"
    pl.read_parquet(file).with_columns(pl.col("price") + 100).write_parquet(file)
    assert night(folder, 4, nightly__score="log/{date}.parquet") == Exit.KEPT
    assert broken(folder, 4) == {"drift"}
    assert list((home(folder, 4) / "scored").glob("part-*.parquet"))
