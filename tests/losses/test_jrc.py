from math import exp, log

import pytest
import torch
from torch.testing import assert_close

from ltr.losses import jrc, sigmoid_cross_entropy

CLICK = torch.tensor([0.5, -1.0, 2.0])
NO_CLICK = torch.tensor([0.1, 0.3, -0.4])
LABELS = torch.tensor([1, 0, 1])


def log_softmax(x, index):
    return log(exp(x[index]) / sum(map(exp, x)))


def written_out(click, no_click, alpha):
    both = [log_softmax(pair, 0) for pair in zip(click, no_click, strict=True)]
    none = [log_softmax(pair, 1) for pair in zip(click, no_click, strict=True)]
    calibration = -(both[0] + none[1] + both[2])
    ranking = -(log_softmax(click, 0) + log_softmax(no_click, 1) + log_softmax(click, 2))
    return (alpha * calibration + (1 - alpha) * ranking) / 3


@pytest.mark.parametrize("alpha", [0.5, 0.0, 0.9])
def test_the_formula_written_out(alpha):
    value = jrc(CLICK, LABELS, negative_scores=NO_CLICK, alpha=alpha)
    expected = written_out(CLICK.tolist(), NO_CLICK.tolist(), alpha)
    assert value.item() == pytest.approx(expected)
    assert alpha != 0.5 or value == jrc(CLICK, LABELS, negative_scores=NO_CLICK)


def test_one_score_is_halved_between_its_two_logits():
    halves = (CLICK / 2).tolist(), (-CLICK / 2).tolist()
    assert jrc(CLICK, LABELS).item() == pytest.approx(written_out(*halves, 0.5))
    assert_close(jrc(CLICK, LABELS, alpha=1.0), sigmoid_cross_entropy(CLICK, LABELS))


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1, 1]])
def test_without_a_positive_or_a_negative_the_ranking_term_is_exactly_0(labels):
    scores, labels = CLICK.clone().requires_grad_(), torch.tensor(labels)
    value = jrc(scores, labels, alpha=0.0)
    assert value.item() == 0.0
    assert torch.autograd.grad(value, scores)[0].tolist() == [0.0] * 3
    assert_close(jrc(CLICK, labels), 0.5 * sigmoid_cross_entropy(CLICK, labels))


def test_the_other_logits_are_trained_too_and_their_padding_never_counts():
    mask = torch.tensor([[True, True, True], [True, True, False]])
    click, other = (torch.stack([x, x]).requires_grad_() for x in (CLICK, NO_CLICK))
    labels = torch.stack([LABELS, LABELS])
    other.data[1, 2] = torch.nan
    values = jrc(click, labels, mask=mask, negative_scores=other, reduction="none")
    expected = jrc(CLICK[:2], LABELS[:2], negative_scores=NO_CLICK[:2])
    assert values[1].item() == pytest.approx(expected.item())
    (gradient,) = torch.autograd.grad(values.sum(), other)
    assert gradient[1, 2] == 0
    assert gradient[0].ne(0).all()
