import numpy as np
import pytest
from scipy import stats

from ltr.evaluation.bootstrap import Method, bootstrap_means, interval_ends, product


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_ends_are_those_of_scipy_on_scipys_own_resamples(method):
    values = np.random.default_rng(3).gamma(0.5, size=80)
    expected = stats.bootstrap((values,), np.mean, n_resamples=999, method=method, rng=1)
    without = bootstrap_means(values[:, None], np.ones((80, 1)), resamples=1, seed=0).jackknife
    ends = interval_ends(
        values.mean(),
        expected.bootstrap_distribution,
        without[:, 0],
        confidence=0.95,
        method=method,
    )
    assert ends == pytest.approx(tuple(expected.confidence_interval), rel=1e-12)


def test_the_jackknife_is_each_mean_without_each_list():
    rng = np.random.default_rng(0)
    values, weights = rng.random((6, 2)), rng.random((6, 2))
    values[2, 1] = np.nan
    found = bootstrap_means(values, weights, resamples=1, seed=0).jackknife
    for column in range(2):
        inside = np.flatnonzero(~np.isnan(values[:, column]))
        expected = [
            np.average(values[rest, column], weights=weights[rest, column])
            for rest in (np.setdiff1d(inside, [one]) for one in inside)
        ]
        seen = found[:, column][~np.isnan(found[:, column])]
        assert np.sort(seen) == pytest.approx(np.sort(expected))


def test_bca_misses_equally_often_on_both_sides_of_a_skewed_mean():
    rng = np.random.default_rng(2)
    misses: dict[Method, list[int]] = {"percentile": [0, 0], "bca": [0, 0]}
    for sample in rng.lognormal(0, 1, (250, 80, 1)):
        found = bootstrap_means(sample, np.ones((80, 1)), resamples=400, seed=0)
        for method, missed in misses.items():
            low, high = interval_ends(
                found.means[0],
                found.resampled[:, 0],
                found.jackknife[:, 0],
                confidence=0.9,
                method=method,
            )
            missed[0] += low > np.exp(0.5)
            missed[1] += high < np.exp(0.5)
    # The skew hides large values: percentile ends lie too low and miss above.
    assert misses["bca"][1] < misses["percentile"][1]
    assert misses["bca"][0] > misses["percentile"][0]
    assert sum(misses["bca"]) < 250 * 0.2


def test_a_value_outside_all_resamples_has_an_interval():
    ends = interval_ends(
        9.0, np.arange(5.0), np.array([1.0, 2.0, 4.0]), confidence=0.9, method="bca"
    )
    assert np.isfinite(ends).all()


@pytest.mark.parametrize("shape", [(3, 5, 2), (20, 4_000, 40), (256, 700, 65)])
def test_the_product_in_pieces_is_the_product(shape):
    rows, lists, columns = shape
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 5, (rows, lists), dtype=np.uint8)
    factors = rng.random((lists, columns))
    assert np.allclose(product(counts, factors), counts.astype(float) @ factors, rtol=1e-12)
