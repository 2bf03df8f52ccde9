from itertools import chain

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ltr.data.negatives import sample_negatives
from ltr.data.seeds import generator

LISTS = st.lists(st.lists(st.integers(0, 3), max_size=6), max_size=5)


def blocks_of(lists: list[list[int]], num_neg: int, seed: int = 0) -> list[list[int]]:
    grades = torch.tensor(list(chain(*lists)), dtype=torch.float32)
    lengths = torch.tensor([len(each) for each in lists], dtype=torch.int64)
    drawn = sample_negatives(grades, lengths, num_neg=num_neg, generator=generator(seed))
    return drawn.view(-1, 1 + num_neg).tolist()


@settings(max_examples=200, deadline=None)
@given(lists=LISTS, num_neg=st.integers(1, 4))
def test_every_positive_with_a_negative_gets_one_block(
    lists: list[list[int]], num_neg: int
) -> None:
    list_of = [number for number, each in enumerate(lists) for _ in each]
    grades = list(chain(*lists))
    negatives = {
        doc: {d for d in range(len(grades)) if list_of[d] == list_of[doc] and grades[d] < grade}
        for doc, grade in enumerate(grades)
        if grade > 0
    }
    blocks = blocks_of(lists, num_neg)
    assert sorted(block[0] for block in blocks) == sorted(doc for doc, n in negatives.items() if n)
    for positive, *drawn in blocks:
        allowed = negatives[positive]
        assert set(drawn) <= allowed
        if len(allowed) >= num_neg:
            assert len(set(drawn)) == num_neg


@pytest.mark.parametrize("num_neg", [1, 2, 3, 6])
def test_negatives_are_drawn_uniformly(num_neg: int) -> None:
    lists = [[2, 0, 1, 0, 0]] * 4000
    drawn = torch.tensor(blocks_of(lists, num_neg))
    drawn = drawn[drawn[:, 0] % 5 == 0, 1:] % 5
    shares = drawn.flatten().bincount(minlength=5) / drawn.numel()
    torch.testing.assert_close(shares, torch.tensor([0, 0.25, 0.25, 0.25, 0.25]), atol=0.02, rtol=0)


def test_the_seed_decides() -> None:
    lists = [[1, 0, 0, 0, 0, 0]] * 20
    assert blocks_of(lists, 2, seed=1) == blocks_of(lists, 2, seed=1)
    assert blocks_of(lists, 2, seed=1) != blocks_of(lists, 2, seed=2)


def test_at_least_one_negative_is_asked_for() -> None:
    with pytest.raises(ValueError, match="num_neg must be at least 1; got 0"):
        blocks_of([[1, 0]], 0)
