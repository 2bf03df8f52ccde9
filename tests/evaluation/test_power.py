import math

import numpy as np
import pytest
from scipy import stats

from ltr.evaluation import minimum_detectable_difference


def test_the_formula_written_out():
    found = minimum_detectable_difference([1.0, 2.0, 3.0, 6.0], [0.0, 0.0, 0.0, 0.0])
    deviation = math.sqrt((4 + 1 + 0 + 9) / 3)
    assert found.standard_deviation == pytest.approx(deviation)
    assert found.difference == pytest.approx((1.959964 + 0.841621) * deviation / 2, rel=1e-6)


def test_power_confidence_and_lists_away_from_their_defaults():
    found = minimum_detectable_difference(
        [1.0, 3.0], [0.0, 0.0], lists=25, power=0.9, confidence=0.99
    )
    assert found.difference == pytest.approx((2.575829 + 1.281552) * math.sqrt(2) / 5, rel=1e-6)
    assert (found.lists, found.power, found.confidence) == (25, 0.9, 0.99)


def test_such_a_difference_is_found_as_often_as_the_power_says():
    rng = np.random.default_rng(0)
    true = minimum_detectable_difference(rng.normal(0, 1, 100_000), np.zeros(100_000), lists=100)
    samples = rng.normal(true.difference, 1, (2_000, 100))
    found = np.mean(stats.ttest_1samp(samples, 0, axis=1).pvalue < 0.05)
    assert found == pytest.approx(0.8, abs=5 * (0.16 / 2_000) ** 0.5)


def test_unequal_weights_cost_power_and_their_scale_does_not():
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=500), rng.exponential(size=500)
    plain = minimum_detectable_difference(values, np.zeros(500))
    found = minimum_detectable_difference(values, np.zeros(500), weights=weights)
    scaled = minimum_detectable_difference(values, np.zeros(500), weights=9 * weights)
    # Weights with mean 1 and mean square 2: the variance doubles.
    assert found.difference == pytest.approx(math.sqrt(2) * plain.difference, rel=0.15)
    assert scaled.difference == pytest.approx(found.difference)


@pytest.mark.parametrize("values", [[], [0.5], [math.nan, 0.5]])
def test_fewer_than_two_lists_have_no_spread(values):
    found = minimum_detectable_difference(values, [0.0] * len(values))
    assert math.isnan(found.difference)


def test_lists_that_all_agree_detect_anything():
    assert minimum_detectable_difference([0.5] * 3, [0.4] * 3).difference == pytest.approx(0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lists": 0}, "lists must be at least 1; got 0"),
        ({"power": 0.2}, "power must be at least 0.5 and below 1; got 0.2"),
        ({"confidence": 1}, "confidence must lie between 0 and 1; got 1"),
    ],
)
def test_an_argument_out_of_its_range_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        minimum_detectable_difference([0.1], [0.2], **arguments)
