import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.encoder import _histogram
from pipelines.encoder._histogram import Histogram

values = st.lists(st.floats(-1e38, 1e38) | st.integers(-9, 9).map(float), max_size=60)


@pytest.fixture(autouse=True, scope="module")
def few_buckets():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_histogram, "MOST_BUCKETS", 8)
        yield


def of(numbers):
    return Histogram.of(np.array(numbers, np.float64))


def content(histogram):
    return histogram.bits, histogram.keys.tolist(), histogram.counts.tolist()


@settings(deadline=None)
@given(values, st.randoms(use_true_random=False), st.integers(1, 5))
def test_parts_merge_to_the_whole_whatever_they_are(numbers, random, parts):
    shuffled = random.sample(numbers, len(numbers))
    merged = Histogram.merge([of(shuffled[i::parts]) for i in range(parts)])
    assert content(merged) == content(of(numbers))


@settings(deadline=None)
@given(values)
def test_it_counts_all_in_few_buckets_that_rise(numbers):
    histogram = of(numbers)
    assert len(histogram.keys) <= 8
    assert histogram.counts.sum() == len(numbers)
    assert (np.diff(histogram.values()) > 0).all()
    assert np.isfinite(histogram.values()).all()


@settings(deadline=None)
@given(st.lists(st.sampled_from([-2.5, -0.0, 0.0, 1.0, 7.0]), min_size=1, max_size=30))
def test_few_distinct_values_have_exact_ranks(numbers):
    histogram = of(numbers)
    expected = [
        sum(other < value for other in numbers) + sum(other == value for other in numbers) / 2
        for value in histogram.values()
    ]
    assert set(histogram.values()) == set(numbers)
    assert (histogram.ranks() * len(numbers)).tolist() == pytest.approx(expected)


def test_ranks_are_near_where_values_are_many_and_far_from_zero(monkeypatch):
    monkeypatch.setattr(_histogram, "MOST_BUCKETS", 4096)
    seconds = 1.7e9 + np.random.default_rng(0).normal(scale=1e5, size=50_000)
    histogram = Histogram.of(seconds)
    ranks = np.interp(seconds, histogram.values(), histogram.ranks())
    exact = (seconds.argsort().argsort() + 0.5) / len(seconds)
    assert len(histogram.keys) > 1000
    assert np.abs(ranks - exact).max() < 1e-3
