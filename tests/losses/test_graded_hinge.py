"""Graded hinge against the form that builds all pairs."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from ltr.losses import graded_hinge
from ltr.losses._graded_pairs import graded_pairs, pair_sums

SCORES = torch.tensor([0.2, -0.4, 1.3, 0.8, 0.0, -1.1])
LABELS = torch.tensor([1, 0, 3, 2, 0, 1])


def all_pairs(scores, labels, weights, margin):
    """The formula over n x n pairs."""
    weight = (labels[:, None] - labels).clamp(min=0)
    hinge = (scores - scores[:, None] + margin).relu() * weights[:, None]
    total = weight.sum()
    return (weight * hinge).sum() / total.where(total > 0, 1.0)


def test_the_formula_written_out():
    scores, labels = torch.tensor([1.0, 0.5, 2.0]), torch.tensor([2, 1, 0])
    # The pairs (2, 1), (2, 0) and (1, 0), each by its difference in grade.
    expected = (1 * (0.5 - 1 + 1) + 2 * (2 - 1 + 1) + 1 * (2 - 0.5 + 1)) / (1 + 2 + 1)
    assert graded_hinge(scores, labels).item() == pytest.approx(expected)
    wide = (1 * (0.5 - 1 + 2) + 2 * (2 - 1 + 2) + 1 * (2 - 0.5 + 2)) / 4
    assert graded_hinge(scores, labels, margin=2.0).item() == pytest.approx(wide)
    weights = torch.tensor([3.0, 1.0, 9.0])
    weighted = (3 * (1 * 0.5 + 2 * 2) + 1 * 2.5) / (1 + 2 + 1)
    assert graded_hinge(scores, labels, weights=weights).item() == pytest.approx(weighted)


def test_an_inverse_propensity_does_not_cancel_in_a_list_with_one_click():
    scores, clicks = torch.tensor([0.2, 0.5, 0.1]), torch.tensor([1, 0, 0])
    seen_first = graded_hinge(scores, clicks, weights=torch.tensor([1.0, 1.0, 1.0]))
    seen_late = graded_hinge(scores, clicks, weights=torch.tensor([4.0, 1.0, 1.0]))
    assert seen_late.item() == pytest.approx(4 * seen_first.item())


def test_a_list_counts_whatever_its_weights():
    scores, labels = torch.tensor([0.0, 0.0, 0.0, 0.0]), torch.tensor([1, 0, 1, 0])
    weights, lengths = torch.tensor([0.0, 0.0, 3.0, 0.0]), torch.tensor([2, 2])
    assert graded_hinge(scores, labels, lengths=lengths, weights=weights).item() == 3 / 2


def test_reference_values():
    assert graded_hinge(SCORES, LABELS, margin=0.3).item() == pytest.approx(0.1190476)
    assert graded_hinge(SCORES, LABELS).item() == pytest.approx(0.3)
    lists = graded_hinge(SCORES, LABELS, lengths=torch.tensor([3, 3]), margin=0.3, reduction="none")
    assert lists.tolist() == pytest.approx([0.0, 0.35])


LABEL_KINDS = [
    st.integers(0, 4),
    st.integers(-30, 30),
    st.integers(0, 10_000),
    st.floats(-2, 2, width=32),
    st.sampled_from([0.1, 0.2, 0.30000001]),
]


@st.composite
def one_list(draw):
    docs = draw(st.integers(0, 24))

    def column(values):
        values = draw(st.lists(values, min_size=docs, max_size=docs))
        return torch.tensor(values, dtype=torch.float64)

    # Quarters: ties, and ties at the corner, for each of the margins below.
    scores = column(st.integers(-8, 8)) / 4
    return scores, column(draw(st.sampled_from(LABEL_KINDS))), column(st.floats(0, 3, width=32))


@given(one_list(), st.sampled_from([1.0, 0.25, 0.0, -0.5]))
@settings(max_examples=150, deadline=None)
def test_value_and_gradient_are_those_of_all_pairs(batch, margin):
    scores, labels, weights = batch
    for dtype in (torch.float64, torch.float32):
        mine = scores.to(dtype, copy=True).requires_grad_()
        peer = scores.clone().requires_grad_()
        value = graded_hinge(mine, labels, weights=weights, margin=margin)
        expected = all_pairs(peer, labels.to(dtype).double(), weights, margin)
        assert_close(value.double(), expected, rtol=1e-6, atol=1e-6)
        value.backward(), expected.backward()
        assert_close(mine.grad.double(), peer.grad, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e4, -3e-38])
def test_pairs_are_active_by_exact_arithmetic_where_float32_sums_round(offset):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(200, generator=generator) + offset
    labels = torch.randint(0, 5, (200,), generator=generator)
    mine, peer = scores.clone().requires_grad_(), scores.double().requires_grad_()
    margin = float(torch.tensor(0.3))
    graded_hinge(mine, labels, margin=margin).backward()
    all_pairs(peer, labels.double(), torch.ones(200), margin).backward()
    assert_close(mine.grad, peer.grad.float(), rtol=1e-6, atol=1e-9)


def test_zero_and_minus_zero_are_one_score():
    gradient = []
    for low in (0.0, -0.0):
        scores = torch.tensor([0.0, low], requires_grad=True)
        value = graded_hinge(scores, torch.tensor([1, 0]), margin=0.0)
        gradient.append(torch.autograd.grad(value, scores)[0].tolist())
    assert gradient == [[0.0, 0.0], [0.0, 0.0]]


def test_nothing_in_the_sums_waits_for_an_accelerator():
    # The operator's own body, not its shape function: reading a value of a meta tensor raises.
    n = 11
    scores = torch.zeros(n, device="meta")
    ids = torch.zeros(n, device="meta", dtype=torch.int64)
    for dtype in (torch.float32, torch.float64):
        hinge, weight, gradient = pair_sums(scores.to(dtype), scores, scores, ids, 2, 1.0)
        assert hinge.shape == weight.shape == (2,)
        assert gradient.shape == (n,)


def test_the_operator_keeps_its_contract():
    scores = torch.randn(6, dtype=torch.float64, requires_grad=True)
    ids = torch.tensor([0, 0, 0, 1, 1, 2])
    for weights in (None, torch.rand(6)):
        arguments = (scores, LABELS.double(), weights, ids, 2, 0.5)
        torch.library.opcheck(graded_pairs, arguments)
