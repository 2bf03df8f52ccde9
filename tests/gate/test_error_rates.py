"""How often the gate is wrong, over many nights whose truth is known; see benchmarks/gate.py."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.gate import deviation, promoted, truth
from pipelines.config import Gate
from pipelines.gate import compare

NIGHTS = 200
LISTS = 300
SURE = 0.999
"""Between these quantiles of the binomial distribution a rate is what it should be."""


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(compare, "RESAMPLES", 500)


def allowed(rate):
    return stats.binom.ppf([1 - SURE, SURE], NIGHTS, rate)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_one_that_is_worse_by_the_margin_is_promoted_as_often_as_the_confidence_says(confidence):
    limits = Gate(margin=-truth(0.15), confidence=confidence)
    fewest, most = allowed(1 - confidence)
    assert fewest <= promoted(0.15, LISTS, limits, NIGHTS) <= most


def test_one_that_is_worse_by_twice_the_margin_is_hardly_ever_promoted():
    assert promoted(0.3, LISTS, Gate(margin=-truth(0.3) / 2), NIGHTS) <= 2


def test_an_equal_one_is_promoted_as_often_as_the_number_of_lists_says():
    margin = 0.02
    error = deviation(0.4) / np.sqrt(LISTS)
    expected = stats.norm.cdf(margin / error - stats.norm.ppf(0.95))
    fewest, most = allowed(expected)
    assert fewest <= promoted(0.0, LISTS, Gate(margin=margin), NIGHTS) <= most


def test_one_bad_slice_among_good_ones_is_promoted_no_more_often_without_any_correction():
    limits = Gate(margin=0.05, slices=("part",), slice_margin=-truth(0.15))
    wins = promoted(0.15, LISTS, limits, NIGHTS, parts=2, only_first=True)
    assert 0 < wins <= allowed(0.05)[1]
