import pytest
import torch
from torch.nn.functional import pairwise_distance
from torch.testing import assert_close

from ltr.losses import contrastive

LEFT = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
RIGHT = torch.tensor([[0.3, 0.4], [1.0, 0.25], [3.0, 4.0]])
LABELS = torch.tensor([1, -1, -1])


def test_the_formula_written_out():
    values = contrastive(LEFT, RIGHT, LABELS, reduction="none")
    assert values.tolist() == pytest.approx([0.5**2 / 2, (1 - 0.75) ** 2 / 2, 0.0])
    wide = contrastive(LEFT, RIGHT, LABELS, margin=6.0)
    assert wide.item() == pytest.approx((0.5**2 + (6 - 0.75) ** 2 + (6 - 5) ** 2) / 2 / 3)
    weighed = contrastive(LEFT, RIGHT, LABELS, weights=torch.tensor([4.0, 8.0, 0.0]))
    assert weighed.item() == pytest.approx((4 * 0.125 + 8 * 0.03125) / 2)


def test_it_is_half_the_square_of_torch_hinge_embedding():
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(2, 50, 8, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 2, (50,), generator=generator) * 2 - 1
    peer = torch.nn.HingeEmbeddingLoss(margin=4.0, reduction="none")
    expected = peer(pairwise_distance(left, right, eps=0.0), labels).square() / 2
    assert_close(contrastive(left, right, labels, margin=4.0, reduction="none"), expected)


def test_equal_embeddings_that_are_not_alike_pay_and_have_a_zero_gradient():
    left = torch.ones(1, 3, requires_grad=True)
    value = contrastive(left, torch.ones(1, 3), torch.tensor([0]), margin=2.0)
    assert value.item() == 2**2 / 2
    assert torch.autograd.grad(value, left)[0].tolist() == [[0.0, 0.0, 0.0]]
