"""How often the gate is wrong, over many nights whose truth is known.

A night is made from ranks: a relevant document among nine others, scored by two rankers with noise
of their own. The truth of a night's difference is the mean over very many such lists.
"""

import numpy as np
import pytest
from scipy import stats

from pipelines.config import Gate
from pipelines.gate import Evidence, compare, judge
from tests.gate.evidence import ranker

NIGHTS = 200
LISTS = 300
SURE = 0.999
"""Between these quantiles of the binomial distribution a rate is what it should be."""


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(compare, "RESAMPLES", 500)


def lists(count, rng, worse):
    """NDCG of a candidate whose relevant document scores ``worse`` too low, and of a champion."""
    others, relevant = rng.normal(size=(count, 9)), rng.normal(1.2, 1, count)

    def ndcg(handicap):
        ours = relevant - handicap + rng.normal(0, 0.4, count)
        above = (others + rng.normal(0, 0.4, (count, 9)) > ours[:, None]).sum(axis=1)
        return 1 / np.log2(2 + above)

    return ndcg(worse), ndcg(0.0)


def truth(worse):
    ours, theirs = lists(400_000, np.random.default_rng(11), worse)
    return float((ours - theirs).mean())


def promoted(worse, limits, devices=None):
    """In how many nights the candidate is promoted."""
    rng, wins = np.random.default_rng(7), 0
    for _ in range(NIGHTS):
        handicap = np.full(LISTS, worse) if devices is None else np.where(devices, worse, -0.3)
        ours, theirs = lists(LISTS, rng, handicap)
        words = {} if devices is None else {"device": np.where(devices, "a", "b").tolist()}
        night = Evidence(
            metric="ndcg@10",
            candidate=ranker("v2", ours),
            champion=ranker("v1", theirs),
            slices=words,
        )
        wins += judge(night, limits).promote
    return wins


def allowed(rate):
    return stats.binom.ppf([1 - SURE, SURE], NIGHTS, rate)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_one_that_is_worse_by_the_margin_is_promoted_as_often_as_the_confidence_says(confidence):
    margin = -truth(0.15)
    wrong = promoted(0.15, Gate(margin=margin, confidence=confidence))
    fewest, most = allowed(1 - confidence)
    assert fewest <= wrong <= most


def test_one_that_is_worse_by_twice_the_margin_is_hardly_ever_promoted():
    assert promoted(0.3, Gate(margin=-truth(0.3) / 2)) <= 2


def test_an_equal_one_is_promoted_as_often_as_the_number_of_lists_says():
    margin = 0.02
    ours, theirs = lists(400_000, np.random.default_rng(3), 0.0)
    error = (ours - theirs).std() / np.sqrt(LISTS)
    expected = stats.norm.cdf(margin / error - stats.norm.ppf(0.95))
    fewest, most = allowed(expected)
    assert fewest <= promoted(0.0, Gate(margin=margin)) <= most


def test_one_bad_slice_among_good_ones_is_promoted_no_more_often_without_any_correction():
    devices = np.arange(LISTS) % 2 == 0
    limits = Gate(margin=0.05, slices=("device",), slice_margin=-truth(0.15))
    wrong = promoted(0.15, limits, devices)
    assert wrong <= allowed(0.05)[1]
    assert wrong > 0
