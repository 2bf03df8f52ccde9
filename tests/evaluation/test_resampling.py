import numpy as np
import pytest
from scipy import stats

from ltr.evaluation import resampling
from ltr.evaluation.resampling import generator, resample_counts, sign_flips


def drawn(lists: int, resamples: int, seed: int = 0) -> np.ndarray:
    return np.concatenate(list(resample_counts(lists, resamples, generator(seed))))


@pytest.mark.parametrize("lists", [1, 2, 9, 10, 100, 1000])
def test_every_resample_holds_as_many_lists_as_there_are(lists):
    counts = drawn(lists, 300)
    assert counts.shape == (300, lists)
    assert (counts.sum(axis=1) == lists).all()


@pytest.mark.parametrize("lists", [5, 12, 60, 900])
def test_a_list_is_drawn_as_often_as_the_binomial_distribution_says(lists):
    counts = drawn(lists, 3_000)[:, [0, lists // 2, lists - 1]]
    expected = stats.binom.pmf(np.arange(4), lists, 1 / lists)
    seen = [(counts == times).mean(axis=0) for times in range(4)]
    # Five standard errors of 3,000 resamples.
    assert np.allclose(seen, expected[:, None], atol=5 * (0.25 / 3_000) ** 0.5)


def test_counts_vary_and_covary_as_those_of_drawing_lists_one_by_one():
    lists, factors = 400, np.random.default_rng(0).random(400)
    ours = drawn(lists, 20_000).astype(float) @ factors
    draws = np.random.default_rng(1).integers(lists, size=(20_000, lists))
    theirs = factors[draws].sum(axis=1)
    assert stats.ks_2samp(ours, theirs).pvalue > 0.001
    assert ours.var() == pytest.approx(lists * factors.var(), rel=0.06)


def test_rows_that_exceed_the_lists_are_drawn_anew(monkeypatch):
    # Without the margin below 1 half of the rows have too many.
    monkeypatch.setattr(resampling, "BELOW_IN_SIGMAS", 0.0)
    counts = drawn(50, 20_000)
    assert (counts.sum(axis=1) == 50).all()
    assert counts.var(axis=0).mean() == pytest.approx(1 - 1 / 50, rel=0.02)


def test_the_byte_table_and_what_it_leaves_are_the_poisson_distribution():
    table, rare = resampling._poisson_table(0.97)
    coded = np.bincount(np.frombuffer(table, np.uint8), minlength=256) / 256
    left = coded[resampling.RARE] * np.diff(rare, prepend=0)
    assert np.allclose(coded[:32] + left, stats.poisson.pmf(np.arange(32), 0.97), atol=1e-15)


def test_signs_are_fair_and_independent():
    kept = np.concatenate(list(sign_flips(37, 4_000, generator(0)))).astype(float)
    assert kept.shape == (4_000, 37)
    assert np.abs(kept.mean(axis=0) - 0.5).max() < 5 * (0.25 / 4_000) ** 0.5
    assert np.abs(np.corrcoef(kept.T) - np.eye(37)).max() < 5 / 4_000**0.5
