"""The running log-sum-exp against torch's."""

import pytest
import torch
from torch.testing import assert_close

from ltr.lists._scan import logcumsumexp


def value_and_gradient(function, x, grads):
    x = x.clone().requires_grad_()
    values = function(x)
    return values.detach(), torch.autograd.grad(values, x, grads)[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("spread", [1.0, 10.0, 1000.0, 1e4])
@pytest.mark.parametrize("offset", [0.0, -1e4])
def test_value_and_gradient_are_torchs_near_and_far(dtype, spread, offset):
    generator = torch.Generator().manual_seed(0)
    x, grads = torch.randn(2, 8, 30, generator=generator, dtype=dtype)
    x = x * spread + offset
    expected = value_and_gradient(lambda x: x.double().logcumsumexp(-1).to(dtype), x, grads)
    # A value is rounded to its own size, and the gradient is exponential in it.
    rounding = 8 * torch.finfo(dtype).eps * float(x.abs().max())
    found = value_and_gradient(logcumsumexp, x, grads)
    assert_close(found, expected, rtol=rounding, atol=rounding)


def test_padding_in_front_and_behind_adds_nothing_and_stays_finite():
    lowest = torch.finfo(torch.float32).min / 4
    x = torch.tensor([[lowest, 1.0, 2.0, lowest], [lowest] * 4])
    grads = torch.tensor([[0.0, 1.0, 1.0, 0.0], [0.0] * 4])
    values, gradient = value_and_gradient(logcumsumexp, x, grads)
    assert values.isfinite().all()
    real = torch.tensor([1.0, 2.0])
    expected = value_and_gradient(lambda x: x.logcumsumexp(-1), real, torch.ones(2))
    assert_close((values[0, 1:3], gradient[0, 1:3]), expected)
    assert_close(gradient[:, ::3], torch.zeros(2, 2))


def test_nan_in_gives_nan_out():
    x = torch.tensor([[1.0, torch.nan, 2.0]])
    assert logcumsumexp(x).isnan().tolist() == [[False, True, True]]
