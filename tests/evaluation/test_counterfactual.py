import math
from typing import Any

import numpy as np
import pytest

from ltr.evaluation import evaluate_policy, evaluate_ranking

CURVE = np.array([0.9, 0.5, 0.3, 0.1])
FEW: dict[str, Any] = {"resamples": 50}


def values(found):
    kinds = ("naive", "inverse_propensity", "clipped", "self_normalised", "doubly_robust")
    return {kind: one.value for kind in kinds if (one := getattr(found, kind)) is not None}


def shuffled_log(rng, lists, relevance, propensities=None):
    """Clicks of lists of four documents in random order; the new ranking keeps document order."""
    order = rng.permuted(np.tile(np.arange(4), (lists, 1)), axis=1)
    clicks = rng.random((lists, 4)) < CURVE[order] * relevance
    return evaluate_ranking(
        clicks.ravel(),
        order.ravel() + 1,
        np.tile([1, 2, 3, 4], lists),
        curve=CURVE,
        lengths=np.full(lists, 4),
        propensities=None if propensities is None else np.full(4 * lists, propensities),
        relevance=np.tile(np.clip(relevance + np.array([0.05, -0.05, 0.03, 0.02]), 0, 1), lists),
        **FEW,
    )


def bandit_log(rng, rounds, rates, behaviour, policy, model, believed=None):
    actions = rng.choice(len(rates), size=rounds, p=behaviour)
    clicks = rng.random(rounds) < rates[actions]
    return evaluate_policy(
        clicks,
        (behaviour if believed is None else believed)[actions],
        policy[actions],
        predicted=model[actions],
        new_predicted=np.full(rounds, policy @ model),
        clip=2.0,
        confidence=0.9,
        resamples=200,
    )


def test_the_formulas_written_out():
    found = evaluate_policy(
        [1, 0, 1, 0],
        [0.5, 0.5, 0.25, 0.5],
        [0.25, 1.0, 1.0, 0.0],
        predicted=[0.5, 0.5, 0.75, 0.0],
        new_predicted=[0.5] * 4,
        clip=3.0,
        **FEW,
    )
    # Weights 1/2, 2, 4, 0.
    assert values(found) == pytest.approx(
        {
            "naive": 2 / 4,
            "inverse_propensity": (0.5 + 4) / 4,
            "clipped": (0.5 + 3) / 4,
            "self_normalised": (0.5 + 4) / (0.5 + 2 + 4),
            "doubly_robust": 0.5 + (0.5 * 0.5 - 2 * 0.5 + 4 * 0.25) / 4,
        }
    )
    assert found.direct is not None
    assert found.direct.value == 0.5
    assert (found.weights.zero_overlap, found.weights.clipped, found.clip) == (1, 1, 3)


def test_rows_of_one_list_are_summed_and_resampled_together():
    found = evaluate_policy(
        [1, 0, 1, 0], [0.5, 0.5, 0.25, 0.5], [0.25, 1.0, 1.0, 0.0], lengths=[3, 0, 1], **FEW
    )
    assert found.naive.value == pytest.approx(2 / 3)
    assert found.inverse_propensity.value == pytest.approx(4.5 / 3)
    assert found.self_normalised.value == pytest.approx(4.5 / 6.5 * 4 / 3)
    assert found.naive.lists == 3


def test_the_ranking_formulas_written_out():
    found = evaluate_ranking(
        [1, 0, 0, 1],
        [1, 2, 1, 2],
        [2, 1, 2, 1],
        curve=[0.8, 0.4],
        lengths=[2, 2],
        propensities=[0.6] * 4,
        relevance=[0.5, 0.25, 0.5, 1.0],
        **FEW,
    )
    weights = 0.4 / 0.6, 0.8 / 0.6
    assert found.inverse_propensity.value == pytest.approx(sum(weights) / 2)
    exposed = 2 * (weights[0] * 0.8 + weights[1] * 0.4)
    assert found.self_normalised.value == pytest.approx(sum(weights) / exposed * 2.4 / 2)
    direct = (0.4 * 0.5 + 0.8 * 0.25 + 0.4 * 0.5 + 0.8 * 1.0) / 2
    errors = weights[0] * (0.6 - 0.4) + weights[1] * (-0.1 + 0.6)
    assert found.direct is not None
    assert found.doubly_robust is not None
    assert found.direct.value == pytest.approx(direct)
    assert found.doubly_robust.value == pytest.approx(direct + errors / 2)


def test_the_same_policy_gets_the_clicks_of_the_log():
    rng = np.random.default_rng(0)
    logged = rng.uniform(0.1, 1, 200)
    found = evaluate_policy(rng.random(200) < 0.3, logged, logged, **FEW)
    assert len({round(one, 12) for one in values(found).values()}) == 1
    assert found.weights.effective_sample_size == pytest.approx(200)


def test_the_same_ranking_gets_the_clicks_of_the_log():
    found = evaluate_ranking([1, 0, 1], [1, 2, 1], [1, 2, 1], curve=CURVE, lengths=[2, 1], **FEW)
    assert set(values(found).values()) == {1.0}


def test_without_shuffled_propensities_there_is_nothing_to_gain_on_ips():
    found = values(shuffled_log(np.random.default_rng(0), 50, np.array([0.2, 0.3, 0.4, 0.9])))
    assert found["self_normalised"] == pytest.approx(found["inverse_propensity"])
    assert found["doubly_robust"] == pytest.approx(found["inverse_propensity"])


def test_bandit_estimates_have_no_bias_where_the_naive_number_has_and_intervals_hold_the_truth():
    rng = np.random.default_rng(1)
    rates = np.array([0.1, 0.3, 0.5, 0.05, 0.2])
    behaviour = np.array([0.4, 0.2, 0.1, 0.2, 0.1])
    policy = np.array([0.05, 0.25, 0.4, 0.1, 0.2])
    logs = [bandit_log(rng, 400, rates, behaviour, policy, rates + 0.05) for _ in range(250)]
    truth = policy @ rates
    runs = {kind: np.array([values(log)[kind] for log in logs]) for kind in values(logs[0])}
    errors = {kind: run.std() / 250**0.5 for kind, run in runs.items()}
    for kind in ("inverse_propensity", "doubly_robust"):
        assert abs(runs[kind].mean() - truth) < 4 * errors[kind]
    assert abs(runs["self_normalised"].mean() - truth) < 0.01
    assert runs["naive"].mean() < truth - 20 * errors["naive"]
    assert runs["clipped"].mean() < truth - 10 * errors["clipped"]
    assert runs["doubly_robust"].std() < runs["inverse_propensity"].std()
    assert runs["self_normalised"].std() < runs["inverse_propensity"].std()
    for kind in ("inverse_propensity", "self_normalised", "doubly_robust"):
        ends = [getattr(log, kind) for log in logs]
        assert 0.82 <= np.mean([one.low <= truth <= one.high for one in ends]) <= 0.96


def test_doubly_robust_corrects_a_wrong_model_and_survives_wrong_propensities():
    rng = np.random.default_rng(4)
    rates, behaviour = np.array([0.1, 0.5]), np.array([0.8, 0.2])
    policy = np.array([0.2, 0.8])
    wrong_model = bandit_log(rng, 100_000, rates, behaviour, policy, np.array([0.5, 0.1]))
    believed = np.array([0.6, 0.4])
    wrong_weights = bandit_log(rng, 100_000, rates, behaviour, policy, rates, believed)
    truth = policy @ rates
    assert values(wrong_model)["doubly_robust"] == pytest.approx(truth, abs=0.02)
    assert values(wrong_weights)["doubly_robust"] == pytest.approx(truth, abs=0.02)
    assert values(wrong_weights)["inverse_propensity"] < truth - 0.1


@pytest.mark.parametrize("propensities", [None, CURVE.mean()])
def test_ranking_estimates_have_no_bias_where_the_naive_number_has(propensities):
    rng = np.random.default_rng(2)
    relevance = np.array([0.8, 0.5, 0.2, 0.1])
    logs = [shuffled_log(rng, 100, relevance, propensities) for _ in range(200)]
    truth = CURVE @ relevance
    runs = {kind: np.array([values(log)[kind] for log in logs]) for kind in values(logs[0])}
    for kind in ("inverse_propensity", "doubly_robust"):
        assert abs(runs[kind].mean() - truth) < 4 * runs[kind].std() / 200**0.5
    assert runs["naive"].mean() < truth - 0.2
    if propensities is not None:
        assert runs["doubly_robust"].std() < runs["inverse_propensity"].std()


def test_what_the_log_never_showed_is_counted_and_left_to_the_model():
    found = evaluate_ranking(
        [1, 0, 0],
        [1, 2, 3],
        [2, 3, 1],
        curve=[1, 0.5],
        lengths=[3],
        relevance=[0.5, 0.5, 0.4],
        **FEW,
    )
    assert (found.weights.unsupported, found.weights.zero_overlap) == (1, 2)
    assert found.inverse_propensity.value == 0.5
    assert values(found)["doubly_robust"] == pytest.approx(0.5 + 0.4)


def test_a_log_of_nothing_has_no_estimate_and_one_of_one_list_no_interval():
    none = evaluate_policy([], [], [], **FEW)
    assert all(math.isnan(one) for one in values(none).values())
    one = evaluate_policy([1], [0.5], [0.25], **FEW)
    assert one.inverse_propensity.value == 0.5
    assert math.isnan(one.inverse_propensity.low)


def test_a_policy_without_overlap_has_an_ips_of_zero_and_no_self_normalised_estimate():
    found = evaluate_policy([1, 0], [0.5, 0.5], [0, 0], **FEW)
    assert found.inverse_propensity.value == 0
    assert math.isnan(found.self_normalised.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clicks": [[1], [0]]}, r"clicks must be \[rows\]; got shape \[2, 1\]"),
        ({"clicks": [1, math.nan]}, "clicks must be finite; got nan"),
        ({"logged": [0.5]}, r"logged must be \[2\]; got shape \[1\]"),
        ({"logged": [0.5, 0]}, "logged must be positive.*got 0"),
        ({"new": [0.5, 1.5]}, "new must lie between 0 and 1; got 1.5"),
        ({"predicted": [0.5, 0.5]}, "come together; got no new_predicted"),
        ({"new_predicted": [0.5, 0.5]}, "come together; got no predicted"),
        ({"lengths": [1, 2]}, "lengths must add up to the rows; got 3 and 2 rows"),
        ({"lengths": [0.5, 1.5]}, r"lengths must be \[lists\], whole.*float64"),
        ({"clip": -1}, "clip must be positive; got -1"),
    ],
)
def test_an_argument_of_a_policy_out_of_its_range_is_named(arguments, message):
    given = {"clicks": [1, 0], "logged": [0.5, 0.5], "new": [0.5, 0.5]} | arguments
    with pytest.raises(ValueError, match=message):
        evaluate_policy(**given)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"positions": [1, 0]}, "positions must be whole numbers from 1; got 0"),
        ({"new_positions": [1, 1.5]}, "new_positions must be whole numbers from 1; got 1.5"),
        ({"curve": []}, r"curve must be \[positions\], at least one; got shape \[0\]"),
        ({"curve": [1, 2]}, "curve must lie between 0 and 1; got 2"),
        ({"propensities": [0, 1]}, "a clicked document was examined; got 1 clicks"),
        ({"relevance": [0, -1]}, "relevance must lie between 0 and 1; got -1"),
    ],
)
def test_an_argument_of_a_ranking_out_of_its_range_is_named(arguments, message):
    given = {"clicks": [1, 0], "positions": [1, 2], "new_positions": [2, 1], "curve": CURVE}
    with pytest.raises(ValueError, match=message):
        evaluate_ranking(**given | {"lengths": [2]} | arguments)
