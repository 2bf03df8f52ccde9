from math import exp, log

import pytest
import torch
from torch.testing import assert_close

from ltr.losses import CircleLoss, circle

ROWS = torch.tensor(
    [[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0.0, 1.0, 0.0], [0.0, 0.6, 0.8], [0.6, 0.0, 0.8]]
)
CLASSES = torch.tensor([0, 0, 1, 1, 0])


@pytest.mark.parametrize(("gamma", "expected"), [(1, 3.4126925), (16, 9.5764358), (256, 142.08)])
def test_the_formula_written_out(gamma, expected):
    # Cosines of the pairs of one class (0 1, 0 4, 1 4, 2 3), and of the six pairs of two.
    alike = [0.8, 0.6, 0.48, 0.6]
    unlike = [0.0, 0.0, 0.6, 0.36, 0.0, 0.64]
    sum_alike = sum(exp(-gamma * (1 + 0.25 - s) * (s - 0.75)) for s in alike)
    sum_unlike = sum(exp(gamma * (s + 0.25) * (s - 0.25)) for s in unlike)
    value = CircleLoss(gamma=gamma, m=0.25)(ROWS, CLASSES)
    assert value.item() == pytest.approx(log(1 + sum_alike * sum_unlike))
    assert value.item() == pytest.approx(expected, rel=1e-6)


def test_another_relaxation_written_out():
    value = circle(ROWS[:3], CLASSES[:3], m=0.4)
    inner = exp(-(1.4 - 0.8) * (0.8 - 0.6)) * (exp(0.4 * -0.4) + exp((0.6 + 0.4) * (0.6 - 0.4)))
    assert value.item() == pytest.approx(log(1 + inner))


def test_the_weights_of_the_pairs_are_constants_in_the_gradient():
    # In the plane, so that the cosine has one derivative: of cos(t) at t = 1 and 2.
    angles = torch.tensor([0.0, 1.0, 3.0], dtype=torch.float64, requires_grad=True)
    rows = torch.stack([angles.cos(), angles.sin()], -1)
    classes = torch.tensor([0, 0, 1])
    (gradient,) = torch.autograd.grad(circle(rows, classes, gamma=2.0), angles)
    s = torch.cos(torch.tensor([1.0, 3.0, 2.0], dtype=torch.float64))
    weight_p, weight_n = 1.25 - s[0], (s[1:] + 0.25).clamp(min=0)
    exponents = 2 * weight_n * (s[1:] - 0.25)
    total = (-2 * weight_p * (s[0] - 0.75)).exp() * exponents.exp().sum()
    outer = total / (1 + total)
    by_positive = -outer * 2 * weight_p
    by_negative = outer * exponents.softmax(0) * 2 * weight_n
    # d cos(b - a) / db = -sin(b - a)
    sines = torch.tensor([1.0, 3.0, 2.0], dtype=torch.float64).sin()
    expected = torch.stack(
        [
            by_positive * sines[0] + by_negative[0] * sines[1],
            -by_positive * sines[0] + by_negative[1] * sines[2],
            -by_negative[0] * sines[1] - by_negative[1] * sines[2],
        ]
    )
    assert_close(gradient, expected)


def test_the_length_of_an_embedding_does_not_count():
    lengths = torch.tensor([1.0, 3.0, 0.5, 1e-3, 1e4])[:, None]
    assert_close(circle(ROWS * lengths, CLASSES), circle(ROWS, CLASSES))


def test_the_batch_is_one_value():
    assert circle(ROWS, CLASSES, reduction="none").shape == (1,)


def test_it_does_not_overflow_at_any_gamma():
    rows = ROWS.clone().requires_grad_()
    value = circle(rows, CLASSES, gamma=1e6)
    assert value.item() == pytest.approx(1e6 * ((1.25 - 0.48) * (0.75 - 0.48) + 0.89 * 0.39))
    assert torch.autograd.grad(value, rows)[0].isfinite().all()
