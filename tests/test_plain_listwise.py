"""The benchmark compares like with like."""

import pytest
import torch
from torch.testing import assert_close

from benchmarks.losses import lists, named
from benchmarks.plain_listwise import PLAIN
from tests.losses.test_laws import value_and_gradient

BY_ORDER = {"list_mle", "p_list_mle"}


@pytest.mark.parametrize("name", PLAIN)
def test_the_plain_formula_gives_the_value_and_the_gradient_of_the_loss(name):
    scores, labels, lengths = lists(6, 20, shortest=15)
    if name in BY_ORDER:
        # The plain formula shuffles equal grades; ours let them share their draws.
        labels = scores.flip(-1).argsort(-1)
    mask = torch.arange(20) < lengths[:, None]
    ours = value_and_gradient(named(name)[0], scores, labels, mask=mask)
    plain = value_and_gradient(PLAIN[name], scores, labels, mask=mask)
    assert_close(plain, ours, rtol=1e-4, atol=1e-5)
