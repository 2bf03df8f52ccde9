from math import sqrt

import pytest
import torch
from torch.testing import assert_close

from ltr.losses import cosine_embedding

LEFT = torch.tensor([[1.0, 0.0], [1.0, 2.0], [3.0, 0.0], [2.0, 0.0]])
RIGHT = torch.tensor([[3.0, 4.0], [2.0, 1.0], [0.0, 1.0], [1.0, 1.0]])
LABELS = torch.tensor([1, 1, -1, -1])


def test_the_formula_written_out():
    values = cosine_embedding(LEFT, RIGHT, LABELS, reduction="none")
    cosines = [3 / 5, 4 / 5, 0.0, 2 / (2 * sqrt(2))]
    assert values.tolist() == pytest.approx([1 - cosines[0], 1 - cosines[1], 0.0, cosines[3]])
    strict = cosine_embedding(LEFT, RIGHT, LABELS, margin=-0.5)
    expected = (1 - cosines[0] + 1 - cosines[1] + (0.0 + 0.5) + (cosines[3] + 0.5)) / 4
    assert strict.item() == pytest.approx(expected)
    weighed = cosine_embedding(LEFT, RIGHT, LABELS, weights=torch.tensor([3.0, 0.0, 0.0, 2.0]))
    assert weighed.item() == pytest.approx((3 * (1 - cosines[0]) + 2 * cosines[3]) / 2)


def test_the_reference_value_and_that_of_torch():
    torch.manual_seed(20)
    left, right = torch.randn(100, 128), torch.randn(100, 128)
    labels = 2 * torch.empty(100).random_(2) - 1
    value = cosine_embedding(left, right, labels, margin=0.2)
    assert value.item() == pytest.approx(0.4941822)
    for reduction in ("none", "mean", "sum"):
        peer = torch.nn.CosineEmbeddingLoss(margin=0.2, reduction=reduction)
        mine = cosine_embedding(left, right, labels, margin=0.2, reduction=reduction)
        assert_close(mine, peer(left, right, labels))


def test_a_zero_vector_has_cosine_0_and_a_finite_gradient():
    left = torch.zeros(2, 2, requires_grad=True)
    values = cosine_embedding(left, RIGHT[:2], torch.tensor([1, -1]), reduction="none")
    assert values.tolist() == [1.0, 0.0]
    (gradient,) = torch.autograd.grad(values.sum(), left)
    assert gradient.abs().max() <= 1.0


@pytest.mark.parametrize(
    ("left", "right", "labels", "match"),
    [
        (LEFT, RIGHT[:2], LABELS, r"right must have the shape of left, \[4, 2\]; got \[2, 2\]"),
        (LEFT, RIGHT, LABELS[:, None], r"labels must have .*, \[4\]; got \[4, 1\]"),
        (LEFT[0], RIGHT[0], LABELS[0], r"left must be \[..., dim\], .* got shape \[2\]"),
        (LEFT.int(), RIGHT, LABELS, "left must be floating point; got torch.int32"),
    ],
)
def test_inputs_that_do_not_fit_are_named(left, right, labels, match):
    with pytest.raises(ValueError, match=match):
        cosine_embedding(left, right, labels)


def test_weights_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"weights must have the shape of labels, \[4\]; got"):
        cosine_embedding(LEFT, RIGHT, LABELS, weights=torch.ones(4, 1))
