import pytest
import torch
from torch.nn import MSELoss
from torch.testing import assert_close

from ltr.losses import squared_error

SCORES, LABELS = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 4])


def test_the_formula_written_out():
    assert squared_error(SCORES, LABELS).item() == pytest.approx((0.5**2 + 1.0**2 + 2.0**2) / 3)
    weights = torch.tensor([2.0, 0.0, 0.5])
    weighted = squared_error(SCORES, LABELS, weights=weights)
    assert weighted.item() == pytest.approx((2 * 0.25 + 0.5 * 4) / 3)


def test_it_is_torchs_own_loss():
    assert_close(squared_error(SCORES, LABELS), MSELoss()(SCORES, LABELS.float()))


def test_in_float16_a_huge_error_overflows_but_keeps_its_gradient():
    scores = torch.tensor([-1e4, 2.0], dtype=torch.float16, requires_grad=True)
    value = squared_error(scores, torch.tensor([0, 2]))
    assert value.isinf()
    assert torch.autograd.grad(value, scores)[0].tolist() == [-1e4, 0.0]
