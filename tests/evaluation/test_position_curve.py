import numpy as np
import pytest

from ltr.evaluation import position_curve


def test_equals_the_click_rates_where_every_document_is_shown_everywhere():
    rng = np.random.default_rng(0)
    positions = np.tile([1, 2, 3], 2_000)
    documents = np.repeat(np.arange(20), 300)
    clicks = rng.random(6_000) < 0.4 / positions
    rates = [clicks[positions == one].mean() for one in (1, 2, 3)]
    found = position_curve(clicks, positions, documents)
    assert found == pytest.approx(np.divide(rates, rates[0]))


def test_recovers_the_curve_of_a_log_that_ranks_good_documents_first():
    rng = np.random.default_rng(1)
    truth = np.array([1.0, 0.6, 0.3, 0.2])
    relevance = rng.uniform(0.05, 0.9, 40)
    # A noisy ranker: position follows relevance, so click rates by position exaggerate the curve.
    noisy = relevance[:, None] + rng.normal(0, 0.35, (40, 3_000))
    positions = 4 - (noisy[:, :, None] > np.quantile(relevance, [0.25, 0.5, 0.75])).sum(axis=2)
    documents = np.broadcast_to(np.arange(40)[:, None], positions.shape)
    clicks = rng.random(positions.shape) < truth[positions - 1] * relevance[:, None]
    found = position_curve(clicks.ravel(), positions.ravel(), documents.ravel())
    rates = np.array([clicks[positions == one].mean() for one in (1, 2, 3, 4)])
    assert np.abs(found - truth).max() < 0.03
    assert np.abs(rates / rates[0] - truth).max() > 0.08


def test_a_position_that_no_document_shares_with_the_first_is_unknown():
    found = position_curve([1, 1, 0, 1, 1], [1, 2, 2, 3, 5], [0, 0, 0, 1, 1])
    assert found[:2].tolist() == pytest.approx([1, 0.5])
    assert np.isnan(found[2:]).all()


def test_positions_are_connected_through_chains_of_documents():
    found = position_curve([1, 1, 1, 1, 0], [1, 2, 2, 3, 3], [0, 0, 1, 1, 1])
    assert found.tolist() == pytest.approx([1, 1, 0.5])


def test_documents_that_nobody_clicked_change_nothing():
    one = position_curve([1, 1, 0, 0], [1, 2, 2, 1], [0, 0, 0, 0])
    other = position_curve([1, 1, 0, 0, 0, 0], [1, 2, 2, 1, 1, 2], [0, 0, 0, 0, 8, 9])
    assert other.tolist() == pytest.approx(one.tolist())


@pytest.mark.parametrize(
    ("clicks", "positions", "message"),
    [
        ([1, 0], [1], r"must be \[rows\]; got \(2,\), \(1,\)"),
        ([2], [1], "clicks must lie between 0 and 1"),
        ([1], [0], "positions must be at least 1; got 0"),
        ([0, 1], [1, 2], "relative to the first position; got no click there"),
        ([], [], "relative to the first position; got no click there"),
    ],
)
def test_what_has_no_curve_is_refused(clicks, positions, message):
    with pytest.raises(ValueError, match=message):
        position_curve(clicks, positions, [0] * len(positions))
