import pytest
import torch

from ltr.losses import HingeLoss, hinge

SCORES, SIGNS = torch.tensor([0.8, -0.5, 2.0]), torch.tensor([-1, 1, -1])


def test_the_formula_written_out():
    assert hinge(SCORES, SIGNS).item() == pytest.approx((1.8 + 1.5 + 3.0) / 3)
    narrow = hinge(SCORES, SIGNS, margin=0.25)
    assert narrow.item() == pytest.approx((1.05 + 0.75 + 2.25) / 3)
    right = hinge(-SCORES, SIGNS)
    assert right.item() == pytest.approx((0.2 + 0.5 + 0.0) / 3)


def test_hinge_is_not_hinge_embedding():
    # Taken as distances, the same scores would "lose" -0.1.
    assert HingeLoss()(SCORES, SIGNS).item() == pytest.approx(2.1)


def test_labels_of_0_and_1_and_grades_mean_what_they_say():
    for labels in ([0, 1, 0], [0, 4, 0], [False, True, False]):
        assert hinge(SCORES, torch.tensor(labels)).item() == pytest.approx(2.1)


def test_at_the_corner_the_gradient_is_0():
    scores = torch.tensor([1.0, -1.0], requires_grad=True)
    value = hinge(scores, torch.tensor([1, 0]))
    assert torch.autograd.grad(value, scores)[0].tolist() == [0.0, 0.0]
