"""The three estimates of examination, on simulated clicks whose truth is known."""

import numpy as np
import pytest

from ltr.evaluation import click_model_curve, harvested_curve, position_curve, shuffled_curve

TRUTH = 1 / np.arange(1, 11) ** 0.8


def shown_by_a_noisy_ranker(queries, views, *, noise=0.15, trust=0.0, seed=0):
    """Positions, documents and clicks [rows] of lists of ten, better documents higher."""
    rng = np.random.default_rng(seed)
    relevance = np.repeat(rng.beta(1, 4, (queries, 1, 10)), views, axis=1)
    drawn = relevance + rng.normal(0, noise, relevance.shape)
    ranks = np.argsort(np.argsort(-drawn, axis=-1), axis=-1)
    # People who trust the ranker click at the top on what is not relevant, too.
    liked = relevance + trust * (1 - relevance) * TRUTH[ranks]
    clicks = rng.random(relevance.shape) < TRUTH[ranks] * liked
    documents = np.broadcast_to(np.arange(10 * queries).reshape(queries, 1, 10), ranks.shape)
    return ranks.ravel() + 1, documents.ravel(), clicks.ravel()


def cells(positions, documents, clicks):
    cell, row = np.unique(documents * 100 + positions, return_inverse=True)
    counts = {"shown": np.bincount(row), "clicks": np.bincount(row, clicks)}
    return {**counts, "positions": cell % 100, "documents": cell // 100}


def furthest(curve):
    return np.abs(curve - TRUTH).max()


def click_rates(positions, clicks):
    rates = np.bincount(positions, clicks)[1:] / np.bincount(positions)[1:]
    return rates / rates[0]


@pytest.mark.parametrize("estimate", [harvested_curve, click_model_curve])
def test_the_curve_is_recovered_where_click_rates_are_far_off(estimate):
    positions, documents, clicks = shown_by_a_noisy_ranker(queries=100, views=800)
    assert furthest(click_rates(positions, clicks)) > 0.15
    assert furthest(estimate(**cells(positions, documents, clicks))) < 0.03


def test_shuffled_lists_show_the_curve_in_their_click_rates():
    positions, _, clicks = shown_by_a_noisy_ranker(queries=400, views=200, noise=1e6)
    found = shuffled_curve(np.bincount(positions)[1:], np.bincount(positions, clicks)[1:])
    assert furthest(found) < 0.02


def test_with_few_views_a_document_the_click_model_is_biased_and_harvesting_is_not():
    rows = cells(*shown_by_a_noisy_ranker(queries=4_000, views=4))
    assert abs((harvested_curve(**rows) - TRUTH).mean()) < 0.005
    assert (click_model_curve(**rows) - TRUTH).mean() > 0.02


@pytest.mark.parametrize("estimate", [harvested_curve, click_model_curve])
def test_trust_in_the_ranker_breaks_the_model_and_steepens_the_curve(estimate):
    found = estimate(**cells(*shown_by_a_noisy_ranker(queries=100, views=400, trust=0.5)))
    assert furthest(found) > 0.1
    assert (found[1:] < TRUTH[1:]).all()


def test_where_every_document_has_its_own_position_the_log_cannot_tell():
    with pytest.raises(ValueError, match="no document that was also shown elsewhere was clicked"):
        click_model_curve([100, 100], [50, 25], [1, 2], [0, 1])


@pytest.mark.parametrize("estimate", [harvested_curve, click_model_curve])
def test_a_position_that_nothing_compares_with_the_first_is_unknown(estimate):
    found = estimate([10] * 6, [8, 4, 1, 6, 3, 5], [1, 2, 3, 4, 5, 6], [0, 0, 7, 1, 1, 8])
    assert found[:2] == pytest.approx([1, 0.5], abs=1e-3)
    assert np.isnan(found[2:]).all()


@pytest.mark.parametrize("estimate", [harvested_curve, click_model_curve])
def test_a_cell_may_come_in_pieces_and_in_any_order(estimate):
    whole = estimate([10, 20, 10], [6, 8, 2], [1, 2, 3], [0, 0, 0])
    pieces = estimate([5, 10, 20, 5, 0], [2, 2, 8, 4, 0], [1, 3, 2, 1, 9], [4, 4, 4, 4, 5])
    assert pieces[:3] == pytest.approx(whole)
    assert np.isnan(pieces[3:]).all()


def test_a_document_seen_everywhere_makes_the_three_agree():
    shown, clicks = [1_000, 1_000, 1_000], [400, 200, 100]
    everywhere = {"positions": [1, 2, 3], "documents": [0, 0, 0]}
    rates = [1.0, 0.5, 0.25]
    assert shuffled_curve(shown, clicks).tolist() == rates
    assert harvested_curve(shown, clicks, **everywhere) == pytest.approx(rates, abs=1e-3)
    assert click_model_curve(shown, clicks, **everywhere) == pytest.approx(rates, abs=1e-3)


def test_the_click_model_agrees_with_the_poisson_fit_where_clicks_are_rare():
    positions, documents, clicks = shown_by_a_noisy_ranker(queries=200, views=400)
    rare = clicks & (np.random.default_rng(5).random(len(clicks)) < 0.1)
    model = click_model_curve(**cells(positions, documents, rare))
    assert model == pytest.approx(position_curve(rare, positions, documents), abs=0.01)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shown": [5]}, r"shown and clicks must have one shape \[cells\]; got \(1,\), \(2,\)"),
        ({"clicks": [6, 1]}, "clicks must lie between 0 and shown; got 6 of 5"),
        ({"clicks": [-1, 1]}, "clicks must lie between 0 and shown; got -1 of 5"),
        ({"positions": [0, 1]}, "positions must be at least 1; got 0"),
        ({"documents": [0]}, r"positions and documents must be \[cells\]; got \(2,\), \(1,\)"),
        ({"clicks": [0, 1]}, "no document that was also shown elsewhere was clicked at the first"),
    ],
)
@pytest.mark.parametrize("estimate", [harvested_curve, click_model_curve])
def test_what_has_no_curve_is_refused(estimate, changed, message):
    rows = {"shown": [5, 5], "clicks": [1, 1], "positions": [1, 2], "documents": [0, 0]}
    with pytest.raises(ValueError, match=message):
        estimate(**{**rows, **changed})


def test_shuffled_lists_without_a_click_at_the_first_position_are_refused():
    with pytest.raises(ValueError, match="relative to the first position; got no click there"):
        shuffled_curve([10, 10], [0, 3])
    with pytest.raises(ValueError, match="relative to the first position; got no click there"):
        shuffled_curve([], [])


def test_a_position_at_which_nothing_was_shown_is_unknown():
    assert np.isnan(shuffled_curve([10, 0, 10], [4, 0, 2])[1])
