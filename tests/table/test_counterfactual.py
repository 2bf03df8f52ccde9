"""``ltr evaluate`` says what a new policy or ranking would get, from a log of another one."""

import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ltr.evaluation import evaluate_policy, evaluate_ranking
from tests.evaluation import test_open_bandit as bandit
from tests.table.tables import ltr, refused

CURVE = 1 / np.arange(1, 6) ** 0.7
POLICY = ("--reward", "click", "--propensity", "p", "--new", "new")
RANKING = ("--query", "list", "--score", "s", "--position", "pos", "--reward", "click")
TOLD = ",".join(map(str, CURVE))


def choices(**changes):
    """A policy that shows one of two things by half, and one that prefers the clicked one."""
    columns = {
        "list": [0, 0, 1, 1, 2, 2],
        "click": [1, 0, 0, 1, 1, 0],
        "p": [0.5] * 6,
        "new": [0.9, 0.1, 0.1, 0.9, 0.9, 0.1],
        "q": [0.9, 0.1, 0.1, 0.9, 0.9, 0.1],
        "q_new": [0.82] * 6,
    }
    return pl.DataFrame(columns | changes)


def shuffled(lists=3000, seed=0):
    """Five documents of known relevance in random order; the score is the relevance."""
    rng = np.random.default_rng(seed)
    words = rng.integers(10, size=lists)
    relevance = rng.beta(1, 3, size=(10, 5))[words]
    positions = np.argsort(rng.random((lists, 5)), axis=1) + 1
    clicked = rng.random((lists, 5)) < CURVE[positions - 1] * relevance
    best = -np.sort(-relevance, axis=1)
    rows = pl.DataFrame(
        {
            "list": np.repeat(np.arange(lists), 5),
            "doc": (words[:, None] * 5 + np.arange(5)).ravel(),
            "pos": positions.ravel(),
            "click": clicked.ravel().astype(np.int64),
            "s": relevance.ravel(),
        }
    )
    return rows, float((best * CURVE).sum(axis=1).mean())


def report(tmp_path, rows, *options):
    rows.write_parquet(tmp_path / "log.parquet")
    assert ltr("evaluate", tmp_path / "log.parquet", *options, "--out", tmp_path / "out") == 0
    return json.loads((tmp_path / "out/report.json").read_text())


def values(found):
    return {one["name"]: one["estimate"]["value"] for one in found["estimates"]}


def test_a_policy_is_estimated_beside_the_logs_own_number(tmp_path, capsys):
    options = ("--predicted", "q", "--new-predicted", "q_new", "--clip", 1.5, "--resamples", 100)
    found = report(tmp_path, choices(), *POLICY, *options)["counterfactual"]
    assert values(found) == pytest.approx(
        {
            "naive": 0.5,
            "inverse propensity": 0.9,
            "clipped": 0.75,
            "self-normalised": 0.9,
            "direct": 0.82,
            "doubly robust": 0.9,
        }
    )
    assert found["weights"]["mean_weight"] == pytest.approx(1)
    assert found["weights"]["clipped"] == 3
    said = capsys.readouterr().out
    assert "click per row that new would get:" in said
    assert "Effective sample size 4 of 6 rows, mean weight 1.000, largest 1.8, 3 rows" in said
    assert "Only 3 of 6 rows have a reward." in said
    for file in ("report.html", "report.md"):
        text = (tmp_path / "out" / file).read_text()
        assert "the log got" in text
        assert "Importance weights" in text


def test_rows_of_a_list_are_counted_together_in_whatever_order(tmp_path):
    rows = choices().sample(fraction=1, shuffle=True, seed=1)
    found = report(tmp_path, rows, *POLICY, "--query", "list", "--interval", "percentile")
    expected = evaluate_policy(
        *(choices()[name].to_numpy() for name in ("click", "p", "new")),
        lengths=[2, 2, 2],
        method="percentile",
    )
    one = found["counterfactual"]["estimates"][1]["estimate"]
    assert one["value"] == pytest.approx(expected.inverse_propensity.value)
    assert one["low"] == pytest.approx(expected.inverse_propensity.low)
    assert one["lists"] == 3
    assert found["counterfactual"]["per"] == "list"


def test_weights_that_do_not_average_1_are_told(tmp_path, capsys):
    rows = pl.concat([choices(p=[0.9] * 6)] * 50)
    rows.write_parquet(tmp_path / "log.parquet")
    assert ltr("evaluate", tmp_path / "log.parquet", *POLICY, "--resamples", 0) == 0
    said = capsys.readouterr().out
    assert "The weights average 0.556, further from 1 than chance" in said
    assert "[" not in said


@pytest.mark.parametrize("curve", [TOLD, "estimate"])
def test_a_ranking_is_estimated_from_a_log_that_was_shuffled(tmp_path, curve):
    rows, truth = shuffled()
    options = (*RANKING, "--curve", curve, "--document", "doc", "--predicted", "s")
    found = report(tmp_path, rows.reverse(), *options, "--resamples", 200, "--metrics", "mrr")
    estimates = {one["name"]: one["estimate"] for one in found["counterfactual"]["estimates"]}
    assert estimates["naive"]["high"] < truth
    assert estimates["inverse propensity"]["low"] < truth < estimates["inverse propensity"]["high"]
    assert found["counterfactual"]["curve"] == pytest.approx(CURVE, abs=0.08)
    assert found["metrics"][0]["name"] == "mrr"
    assert "What the new ranking would get" in (tmp_path / "out/report.html").read_text()


def test_documents_of_equal_score_keep_the_order_of_the_log(tmp_path):
    rows, _ = shuffled(lists=50)
    options = (*RANKING, "--curve", TOLD, "--resamples", 0, "--metrics", "mrr")
    found = report(tmp_path, rows.with_columns(s=pl.lit(1.0)), *options)["counterfactual"]
    assert values(found)["inverse propensity"] == pytest.approx(values(found)["naive"])
    assert found["weights"]["max_weight"] == 1


def test_clicks_beyond_the_curve_are_left_out_and_counted(tmp_path, capsys):
    rows, _ = shuffled(lists=200)
    options = (*RANKING, "--curve", "1,0.6", "--resamples", 0, "--metrics", "mrr")
    found = report(tmp_path, rows, *options)["counterfactual"]
    inside = rows.filter(pl.col("pos") <= 2)["click"].sum()
    assert values(found)["naive"] == pytest.approx(inside / 200)
    lost = rows["click"].sum() - inside
    assert f"{lost:,} rows with a reward at positions beyond 2" in capsys.readouterr().out


def test_propensities_of_the_log_take_the_place_of_the_curve(tmp_path):
    rows, _ = shuffled(lists=200)
    rows = rows.with_columns(p=pl.lit(CURVE.mean()))
    options = (*RANKING, "--curve", TOLD, "--propensity", "p", "--resamples", 0)
    found = report(tmp_path, rows, *options)["counterfactual"]
    ranked = rows.sort("list", -pl.col("s"), "pos")
    expected = evaluate_ranking(
        ranked["click"].to_numpy(),
        ranked["pos"].to_numpy(),
        np.tile(np.arange(1, 6), 200),
        curve=CURVE,
        lengths=[5] * 200,
        propensities=ranked["p"].to_numpy(),
        resamples=1,
    )
    assert values(found)["inverse propensity"] == pytest.approx(expected.inverse_propensity.value)
    assert values(found)["self-normalised"] == pytest.approx(expected.self_normalised.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((*POLICY, "--score", "q"), "--score: concerns rankings; --new asks for a policy"),
        (("--new", "new", "--reward", "click"), "--new needs --reward, and --propensity"),
        ((*POLICY, "--predicted", "q"), "--predicted and --new-predicted come together"),
        ((*POLICY, "--clip", 0), "--clip: must be a number above 0; got 0"),
        ((*POLICY, "--seed", -1), "--seed: must be a whole number from 0"),
        ((*POLICY[:-1], "nwe"), "--new: the table has no column 'nwe'; did you mean 'new'"),
        (("--query", "list", "--clip", 3), "--clip: needs --reward"),
        (("--query", "list", "--new-predicted", "q"), "--new-predicted: is of a new policy"),
        (("--query", "list", "--score", "q", "--reward", "click"), "--reward needs --position"),
        ((*RANKING[:2], "--score", "q", *RANKING[4:], "--curve", "1,2"), "--curve: must be"),
        ((*RANKING[:2], "--score", "q", *RANKING[4:], "--curve", "estimate"), "needs --document"),
    ],
)
def test_options_that_mean_nothing_together_are_one_line(tmp_path, capsys, options, message):
    choices(pos=[1, 2, 1, 2, 1, 2]).write_parquet(tmp_path / "log.parquet")
    assert message in refused(capsys, "evaluate", tmp_path / "log.parquet", *options)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (choices(p=[0.5, 0, 2, 1, 1, 1]), "propensity column 'p' must be a probability above 0"),
        (choices(new=[-0.1, 0, 1, 1, 1, 1]), "new column 'new' must be a probability from 0 to 1"),
        (choices(click=[None, 0, 1, 1, 1, 1]), "reward column 'click' must hold a number in every"),
        (choices().clear(), "the table must have rows; found none"),
    ],
)
def test_rows_that_cannot_be_used_are_counted(tmp_path, capsys, rows, message):
    rows.write_parquet(tmp_path / "log.parquet")
    said = refused(capsys, "evaluate", tmp_path / "log.parquet", *POLICY)
    assert said.startswith(message)
    assert said.endswith(("of 6 rows", "found none"))


def test_a_log_that_cannot_tell_the_curve_is_one_line(tmp_path, capsys):
    rows, _ = shuffled(lists=20)
    rows.with_columns(click=0).write_parquet(tmp_path / "log.parquet")
    options = (*RANKING, "--curve", "estimate", "--document", "doc")
    said = refused(capsys, "evaluate", tmp_path / "log.parquet", *options)
    assert said.startswith("--curve estimate: the curve is relative to the first position")


@pytest.mark.skipif(not bandit.LOGS.is_dir(), reason="the Open Bandit logs are not here")
@pytest.mark.skipif("OBP_WHEEL" not in os.environ, reason="OBP_WHEEL does not name obp 0.4.1")
def test_the_published_estimates_of_open_bandit_data(tmp_path):
    policy = bandit.thompson_sampling(*bandit.published_prior())
    item, position, click, logged = bandit.log("random")
    model, rows = bandit.published_click_model(item, position, click), np.arange(len(item))
    log = pl.DataFrame(
        {
            "click": click,
            "p": logged,
            "new": policy[item, position],
            "q": model[rows, item],
            "q_new": (model * policy[:, position].T).sum(axis=1),
        }
    )
    options = ("--predicted", "q", "--new-predicted", "q_new", "--interval", "percentile")
    found = report(Path(tmp_path), log, *POLICY, *options)["counterfactual"]
    told = values(found)
    assert told["naive"] == pytest.approx(0.0038)
    assert told["inverse propensity"] == pytest.approx(0.004553, abs=5e-7)
    assert told["inverse propensity"] / told["naive"] == pytest.approx(1.198126, abs=5e-7)
    assert told["direct"] == pytest.approx(0.003545, abs=2e-6)
    assert told["doubly robust"] == pytest.approx(0.004727, abs=2e-6)
