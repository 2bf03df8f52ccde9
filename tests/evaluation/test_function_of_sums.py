import numpy as np
import pytest

from ltr.evaluation import function_interval, mean_interval


def mean(sums):
    return sums[..., 0] / sums[..., 1]


def error(sums):
    return np.abs(sums[..., :-1]).sum(-1) / sums[..., -1]


def values(lists=400, seed=0):
    return np.random.default_rng(seed).exponential(size=lists)


def test_a_mean_as_a_ratio_of_sums_has_the_reflected_interval_of_the_mean():
    found = values()
    ours = function_interval(np.stack([found, np.ones(400)], -1), mean, resamples=4000)
    theirs = mean_interval(found, resamples=4000)
    assert ours.value == pytest.approx(theirs.value)
    assert ours.low == pytest.approx(2 * theirs.value - theirs.high, abs=5e-3)
    assert ours.high == pytest.approx(2 * theirs.value - theirs.low, abs=5e-3)


def test_the_interval_of_an_error_that_is_only_chance_reaches_down_to_it():
    """Resamples of a calibrated log have larger gaps than the log: the plain interval misses 0."""
    rng, hits = np.random.default_rng(1), 0
    for seed in range(40):
        gaps = rng.normal(size=(200, 10)) * (rng.integers(10, size=200)[:, None] == np.arange(10))
        found = function_interval(
            np.column_stack([gaps, np.ones(200)]), error, lowest=0, resamples=300, seed=seed
        )
        assert 0 <= found.low <= found.high < 2 * found.value
        hits += found.low < found.value / 2
    assert hits > 20


def test_weights_count_a_list_as_so_many_and_the_order_of_lists_does_not_matter():
    sums = np.stack([values(30), np.ones(30)], -1)
    weights = np.arange(30.0) % 3
    found = function_interval(sums, mean, weights=weights, resamples=200)
    assert found.value == pytest.approx(np.average(sums[:, 0], weights=weights))
    assert found.lists == 20
    assert function_interval(sums[::-1], mean, weights=weights[::-1], resamples=200) == found


def test_one_list_has_no_interval_and_none_has_no_value():
    one = function_interval([[1.0, 2.0]], mean)
    assert (one.value, one.lists) == (0.5, 1)
    assert np.isnan(one.low)
    assert np.isnan(function_interval(np.zeros((0, 2)), mean).value)


@pytest.mark.parametrize(
    ("sums", "arguments", "message"),
    [
        ([1.0], {}, r"sums must be finite, \[lists, columns\]"),
        ([[np.nan]], {}, "sums must be finite"),
        ([[1.0]], {"weights": [-1.0]}, "weights must be finite and not negative"),
        ([[1.0]], {"confidence": 1.0}, "confidence must lie between 0 and 1"),
    ],
)
def test_what_is_out_of_range_is_said(sums, arguments, message):
    with pytest.raises(ValueError, match=message):
        function_interval(sums, mean, **arguments)
