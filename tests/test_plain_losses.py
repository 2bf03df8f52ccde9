"""The benchmark compares like with like."""

import pytest
import torch
from torch.testing import assert_close

from benchmarks.losses import lists, named
from benchmarks.plain_losses import PLAIN
from tests.losses.test_laws import value_and_gradient


@pytest.mark.parametrize("name", PLAIN)
def test_the_plain_formula_gives_the_value_and_the_gradient_of_the_loss(name):
    scores, labels, lengths = lists(6, 20, shortest=15)
    mask = torch.arange(20) < lengths[:, None]
    loss, arguments = named(name)
    ours = value_and_gradient(loss, scores, labels, mask=mask, **arguments)
    assert_close(value_and_gradient(PLAIN[name], scores, labels, mask=mask), ours)
