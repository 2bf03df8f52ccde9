from itertools import chain
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ltr.data.negatives import hardest_negatives, sample_negatives
from ltr.data.seeds import generator

LISTS = st.lists(st.lists(st.integers(0, 3), max_size=6), max_size=5)


def tensors(lists: list[list[int]]) -> tuple[Tensor, Tensor]:
    grades = torch.tensor(list(chain(*lists)), dtype=torch.float32)
    return grades, torch.tensor([len(each) for each in lists], dtype=torch.int64)


def blocks_of(
    lists: list[list[int]], num_neg: int, seed: int = 0, **arguments: Any
) -> list[list[int]]:
    drawn = sample_negatives(
        *tensors(lists), num_neg=num_neg, generator=generator(seed), **arguments
    )
    return drawn.view(-1, 1 + num_neg).tolist()


def negatives_of(lists: list[list[int]]) -> dict[int, set[int]]:
    """By positive, the documents of its list with a lower grade."""
    list_of = [number for number, each in enumerate(lists) for _ in each]
    grades = list(chain(*lists))
    return {
        doc: {d for d in range(len(grades)) if list_of[d] == list_of[doc] and grades[d] < grade}
        for doc, grade in enumerate(grades)
        if grade > 0
    }


@settings(max_examples=200, deadline=None)
@given(lists=LISTS, num_neg=st.integers(1, 4))
def test_every_positive_with_a_negative_gets_one_block(
    lists: list[list[int]], num_neg: int
) -> None:
    negatives = negatives_of(lists)
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


@settings(max_examples=100, deadline=None)
@given(lists=LISTS, num_neg=st.integers(1, 4), seed=st.integers(0, 9))
def test_negatives_by_popularity_are_negatives(
    lists: list[list[int]], num_neg: int, seed: int
) -> None:
    negatives = negatives_of(lists)
    popularity = torch.arange(len(list(chain(*lists)))) % 5 + 0.25
    blocks = blocks_of(lists, num_neg, seed, popularity=popularity)
    assert sorted(block[0] for block in blocks) == sorted(doc for doc, n in negatives.items() if n)
    assert all(set(drawn) <= negatives[positive] for positive, *drawn in blocks)


def test_negatives_are_drawn_by_their_share_of_the_popularity() -> None:
    lists = [[0, 2, 0, 1, 0]] * 4000
    popularity = torch.tensor([1.0, 50.0, 6.0, 2.0, 1.0]).repeat(4000)
    drawn = torch.tensor(blocks_of(lists, 2, popularity=popularity))
    for positive, expected in ((1, [0.1, 0, 0.6, 0.2, 0.1]), (3, [0.125, 0, 0.75, 0, 0.125])):
        of_it = drawn[drawn[:, 0] % 5 == positive, 1:] % 5
        shares = of_it.flatten().bincount(minlength=5) / of_it.numel()
        torch.testing.assert_close(shares, torch.tensor(expected), atol=0.02, rtol=0)


def test_weighed_by_1_over_their_probability_the_drawn_add_up_to_all_negatives() -> None:
    scores = torch.tensor([0.5, 1.0, -0.3, 0.2], dtype=torch.float64)
    popularity = torch.tensor([2.0, 20.0, 1.0, 4.0])
    blocks = torch.tensor(
        blocks_of([[1, 0, 0, 0]] * 20_000, 1, popularity=popularity.repeat(20_000))
    )
    drawn = blocks[:, 1] % 4
    total = (scores[drawn].exp() / (popularity[drawn] / 25)).mean()
    assert total.item() == pytest.approx(scores[1:].exp().sum().item(), rel=0.02)


def test_from_the_batch_negatives_come_from_every_list() -> None:
    lists = [[1], [0, 0], [2, 1, 0]]
    seen: dict[int, set[int]] = {}
    for seed in range(40):
        for positive, *drawn in blocks_of(lists, 2, seed, source="batch"):
            seen.setdefault(positive, set()).update(drawn)
    assert seen == {0: {1, 2, 5}, 3: {0, 1, 2, 4, 5}, 4: {1, 2, 5}}


@settings(max_examples=200, deadline=None)
@given(lists=LISTS, num_neg=st.integers(1, 4), source=st.sampled_from(["list", "batch"]))
def test_the_hardest_negatives_have_the_highest_scores(
    lists: list[list[int]], num_neg: int, source: Any
) -> None:
    negatives = negatives_of(lists if source == "list" else [list(chain(*lists))])
    grades, lengths = tensors(lists)
    # Different scores in no order.
    scores = (torch.arange(len(grades)) * 7 % 31).float()
    blocks = hardest_negatives(grades, lengths, scores, num_neg=num_neg, source=source)
    found = {positive: taken for positive, *taken in blocks.view(-1, 1 + num_neg).tolist()}
    ranked = {
        positive: sorted(allowed, key=lambda d: -scores[d].item())
        for positive, allowed in negatives.items()
        if allowed
    }
    expected = {p: [hard[i % len(hard)] for i in range(num_neg)] for p, hard in ranked.items()}
    assert found == expected


def test_the_hardest_negatives_of_equal_scores_go_by_grade_and_place() -> None:
    grades = torch.tensor([0.0, 2.0, 1.0, 0.0])
    blocks = hardest_negatives(grades, torch.tensor([4]), torch.zeros(4), num_neg=3)
    assert blocks.view(-1, 4).tolist() == [[2, 0, 3, 0], [1, 0, 3, 2]]


def test_a_score_of_minus_infinity_is_the_easiest_and_still_there() -> None:
    scores = torch.tensor([-torch.inf, 0.0, -torch.inf])
    blocks = hardest_negatives(torch.tensor([0, 1, 0]), torch.tensor([3]), scores, num_neg=2)
    assert blocks.tolist() == [1, 0, 2]


def test_a_batch_without_documents_has_no_blocks() -> None:
    none, no_list = torch.zeros(0), torch.zeros(0, dtype=torch.int64)
    assert hardest_negatives(none, no_list, none, num_neg=2).tolist() == []
    for source in ("list", "batch"):
        assert blocks_of([], 2, source=source, popularity=none) == []


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"popularity": torch.tensor([1.0, 0.0])}, "above 0 and finite; got 0.0 as the least"),
        ({"popularity": torch.tensor([1.0, torch.inf])}, "popularity must be above 0 and finite"),
        ({"popularity": torch.ones(3)}, r"popularity must .* of grades, \[2\]; got \[3\]"),
        ({"source": "log"}, r"source must be one of \('list', 'batch'\); got 'log'"),
    ],
)
def test_arguments_that_do_not_fit_are_named(arguments: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        blocks_of([[1, 0]], 1, **arguments)


def test_scores_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"scores must have the shape of grades, \[2\]; got \[3\]"):
        hardest_negatives(*tensors([[1, 0]]), torch.zeros(3), num_neg=1)
