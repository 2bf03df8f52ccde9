from functools import partial
from math import exp, log

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from ltr.losses import softmax_cross_entropy

SCORES, LABELS = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3])
Z = exp(0.5) + exp(-1.0) + exp(2.0)


def test_the_formula_written_out():
    expected = -(1 / 4 * log(exp(0.5) / Z) + 3 / 4 * log(exp(2.0) / Z))
    assert softmax_cross_entropy(SCORES, LABELS).item() == pytest.approx(expected)


def test_weights_multiply_the_terms_and_not_the_targets():
    weights = torch.tensor([2.0, 5.0, 0.5])
    expected = -(2 * 1 / 4 * log(exp(0.5) / Z) + 0.5 * 3 / 4 * log(exp(2.0) / Z))
    value = softmax_cross_entropy(SCORES, LABELS, weights=weights)
    assert value.item() == pytest.approx(expected)


def test_one_click_is_torchs_own_loss():
    scores = torch.randn(4, 7, generator=torch.Generator().manual_seed(0))
    clicked = torch.tensor([2, 0, 6, 3])
    clicks = torch.nn.functional.one_hot(clicked, 7)
    mine, peer = (scores.clone().requires_grad_() for _ in range(2))
    values = softmax_cross_entropy(mine, clicks), cross_entropy(peer, clicked)
    assert_close(*values)
    for value in values:
        value.backward()
    assert_close(mine.grad, peer.grad)


def test_a_far_behind_click_keeps_a_finite_loss_and_its_gradient():
    # log(softmax + eps) has no gradient past 36 in float32, and is inf in float16.
    for dtype in (torch.float32, torch.float16):
        scores = torch.tensor([-60.0, 60.0], dtype=dtype, requires_grad=True)
        value = softmax_cross_entropy(scores, torch.tensor([1, 0]))
        assert value.item() == 120.0
        assert torch.autograd.grad(value, scores)[0].tolist() == [-1.0, 1.0]


def test_lists_that_compare_nothing_do_not_count():
    # All relevant, none relevant, one document, and one list that counts.
    scores = torch.cat([torch.randn(5, generator=torch.Generator().manual_seed(0)), SCORES])
    labels = torch.cat([torch.tensor([2, 2, 0, 0, 1]), LABELS])
    loss = partial(softmax_cross_entropy, scores, labels, lengths=torch.tensor([2, 2, 1, 3]))
    assert loss(reduction="none")[:3].tolist() == [0.0] * 3
    assert loss().item() == softmax_cross_entropy(SCORES, LABELS).item()
