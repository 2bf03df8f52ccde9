"""The small Open Bandit logs: 10,000 rounds each of a random and of a Thompson sampling policy.

Published for the second policy's click rate, estimated from the first one's log, with its prior
and 100,000 simulated draws: inverse propensity .004553, 1.198126 times the naive rate, 95 %
interval .001531 to .009254; on-policy .0042. With a logistic regression in three folds the direct
estimate is .003545 and the doubly robust one .004727.
"""

import os
import re
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from ltr.evaluation import evaluate_policy

LOGS = Path(__file__).parents[2] / "../shared/data/obd"
ON_POLICY = 0.0042
ITEMS, POSITIONS = 80, 3

pytestmark = pytest.mark.skipif(not LOGS.is_dir(), reason="the Open Bandit logs are not here")


def log(policy):
    columns = ["item_id", "position", "click", "propensity_score"]
    found = pl.read_csv(LOGS / policy / "all.csv.gz", columns=columns)
    return [found[name].to_numpy() - (name == "position") for name in columns]


def shares(item, position):
    """How often each item was shown at each position, ``[items, positions]``."""
    counts = np.bincount(item * POSITIONS + position, minlength=ITEMS * POSITIONS)
    counts = counts.reshape(ITEMS, POSITIONS)
    return counts / counts.sum(axis=0)


def click_model(item, click):
    """A click rate per item, drawn to the mean of all, fitted on every second round."""
    seen = np.bincount(item[::2], minlength=ITEMS)
    clicked = np.bincount(item[::2], weights=click[::2], minlength=ITEMS)
    return (clicked + 100 * click[::2].mean()) / (seen + 100)


def thompson_sampling(alpha, beta):
    rng = np.random.RandomState(12345)
    counts = np.zeros((ITEMS, POSITIONS))
    for _ in range(20):
        drawn = rng.beta(alpha, beta, size=(5_000, ITEMS))
        best = np.argsort(-drawn, axis=1)[:, :POSITIONS]
        for position in range(POSITIONS):
            counts[:, position] += np.bincount(best[:, position], minlength=ITEMS)
    return counts / 100_000


def one_hot(texts):
    return (texts[:, None] == np.unique(texts)[1:]).astype(float)


def published_features():
    """Features of users ``[rounds, …]`` and of items ``[items, 4]``, as in the publication."""
    users = pl.read_csv(LOGS / "random/all.csv.gz", columns=[f"user_feature_{n}" for n in range(4)])
    items = pl.read_csv(LOGS / "random/all_item_context.csv")
    codes = [np.unique(items[f"item_feature_{n}"], return_inverse=True)[1] for n in (1, 2, 3)]
    of_users = np.hstack([one_hot(column.to_numpy()) for column in users])
    return of_users, np.column_stack([*codes, items["item_feature_0"].to_numpy()])


def published_click_model(item, position, click):
    """Click probability of every item in every round, ``[rounds, items]``, of folds held out."""
    users, items = published_features()
    predicted = np.zeros((len(item), ITEMS))
    for fitted, held in KFold(3, shuffle=True, random_state=12345).split(users):
        for one in range(POSITIONS):
            some, rest = fitted[position[fitted] == one], held[position[held] == one]
            seen = np.hstack([users[some], items[item[some]]])
            model = LogisticRegression(max_iter=1000, random_state=12345).fit(seen, click[some])
            # What the user adds to the log odds, and what each item does.
            weights = np.split(model.coef_[0], [users.shape[1]])
            odds = (users[rest] @ weights[0])[:, None] + items @ weights[1] + model.intercept_
            predicted[rest] = 1 / (1 + np.exp(-odds))
    return predicted


def published_prior():
    path = os.environ.get("OBP_WHEEL")
    if path is None:
        pytest.skip("OBP_WHEEL does not name the file of obp 0.4.1, which holds the prior")
    text = zipfile.ZipFile(path).read("obp/policy/conf/prior_bts.yaml").decode()
    both = text.split("men:")[0].split("beta:")
    return [[float(one) for one in re.findall(r"- ([\d.]+)", part)] for part in both]


@pytest.mark.parametrize("policy", ["random", "bts"])
def test_a_log_estimates_its_own_policy_by_its_own_click_rate(policy):
    _, _, click, logged = log(policy)
    found = evaluate_policy(click, logged, logged, resamples=100)
    for one in (found.naive, found.inverse_propensity, found.self_normalised):
        assert one.value == pytest.approx(click.mean())
    assert found.weights.effective_sample_size == pytest.approx(10_000)


def test_the_random_log_foretells_what_thompson_sampling_shows():
    item, position, click, logged = log("random")
    policy = shares(*log("bts")[:2])
    model = click_model(item, click)
    some = np.arange(10_000) % 2 == 1
    found = evaluate_policy(click, logged, policy[item, position], resamples=500)
    apart = evaluate_policy(
        click[some],
        logged[some],
        policy[item, position][some],
        predicted=model[item[some]],
        new_predicted=(model @ policy)[position[some]],
        resamples=500,
    )
    assert apart.doubly_robust is not None
    for one in (found.inverse_propensity, found.self_normalised, apart.doubly_robust):
        assert one.low < ON_POLICY < one.high
    # Published relative errors: .08 for inverse propensity, .13 for doubly robust, on one log.
    assert found.inverse_propensity.value == pytest.approx(ON_POLICY, rel=0.35)
    assert found.weights.mean_weight == pytest.approx(1, abs=0.05)
    assert found.weights.effective_sample_size < 5_000


def test_the_log_of_thompson_sampling_foretells_random_shows_but_says_how_little_it_knows():
    _, _, click, logged = log("bts")
    found = evaluate_policy(click, logged, np.full(10_000, 1 / ITEMS), resamples=500)
    assert found.self_normalised.low < 0.0038 < found.self_normalised.high
    # Items that the policy hardly ever shows carry the estimate.
    assert found.weights.effective_sample_size < 1_000
    assert found.weights.max_weight > 100
    assert found.weights.top_share > 0.3
    assert found.clipped.value <= found.inverse_propensity.value


def test_the_published_estimate_to_its_digits():
    policy = thompson_sampling(*published_prior())
    item, position, click, logged = log("random")
    found = evaluate_policy(click, logged, policy[item, position], method="percentile")
    assert found.inverse_propensity.value == pytest.approx(0.004553, abs=5e-7)
    ratio = found.inverse_propensity.value / found.naive.value
    assert ratio == pytest.approx(1.198126, abs=5e-7)
    assert found.inverse_propensity.low == pytest.approx(0.001531, abs=3e-4)
    assert found.inverse_propensity.high == pytest.approx(0.009254, abs=6e-4)


def test_the_published_estimates_with_a_click_model():
    policy = thompson_sampling(*published_prior())
    item, position, click, logged = log("random")
    predicted = published_click_model(item, position, click)
    found = evaluate_policy(
        click,
        logged,
        policy[item, position],
        predicted=predicted[np.arange(len(item)), item],
        new_predicted=(predicted * policy[:, position].T).sum(axis=1),
        resamples=100,
    )
    assert found.direct is not None
    assert found.doubly_robust is not None
    # The regression stops a little elsewhere from one version of its solver to the next.
    assert found.direct.value == pytest.approx(0.003545, abs=2e-6)
    assert found.doubly_robust.value == pytest.approx(0.004727, abs=2e-6)
