"""Ties: every metric is its mean over their orders, and follows the rule that it is given."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ltr.metrics import catalogue
from tests.metrics import by_hand
from tests.metrics.lists import columns, one_list, random_lists

RANKED = [name for name, metric in catalogue.items() if metric.takes("ties")]
CUT = [name for name in RANKED if catalogue[name].takes("k")]


@pytest.mark.parametrize("name", CUT)
@given(one=one_list, k=st.integers(1, 7))
@settings(deadline=None, max_examples=40)
def test_the_value_is_the_mean_over_every_order_of_the_ties(name, one, k):
    scores, labels, lengths = columns([one])
    expected = [by_hand.over_orders(getattr(by_hand, name), one, k=cut) for cut in (k, None)]
    found = catalogue[name].function(scores, labels, k=[k, None], lengths=lengths, reduction="none")
    assert found[0].tolist() == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(one=one_list)
@settings(deadline=None, max_examples=40)
def test_the_average_position_is_the_mean_over_every_order_too(one):
    scores, labels, lengths = columns([one])
    expected = by_hand.over_orders(by_hand.average_relevance_position, one)
    metric = catalogue["average_relevance_position"].function
    found = metric(scores, labels, lengths=lengths, reduction="none")
    assert found.item() == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", RANKED)
@pytest.mark.parametrize("ties", ["input_order", "document_id", "worst"])
def test_a_rule_for_ties_is_the_order_that_it_makes(name, ties):
    scores, labels, lengths = random_lists(40)
    ids = torch.randperm(len(scores), generator=torch.Generator().manual_seed(1))
    first = {"input_order": -torch.arange(len(scores)), "document_id": ids, "worst": -labels}[ties]
    untied = scores * 1e6 + first
    more = {"ids": ids} if ties == "document_id" else {}
    metric = catalogue[name].function
    found = metric(scores, labels, lengths=lengths, ties=ties, **more, reduction="none")
    expected = metric(untied, labels, lengths=lengths, reduction="none")
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("name", RANKED)
def test_a_tied_group_across_the_cutoff_of_a_long_list_is_averaged(name):
    # 100 documents of one score between one above and one below: all of the group must be seen.
    scores = torch.tensor([2.0] + [1.0] * 100 + [0.0])
    labels = torch.zeros(102)
    labels[torch.tensor([5, 50, 90])] = 1
    metric = catalogue[name]
    k = {"k": 3} if metric.takes("k") else {}
    found = metric.function(scores, labels, **k)
    shuffled = labels.clone()
    shuffled[1:101] = labels[1:101].flip(0)
    assert found.item() == pytest.approx(metric.function(scores, shuffled, **k).item(), abs=1e-14)
    if name == "precision":
        assert found.item() == pytest.approx(2 * 3 / 100 / 3, abs=1e-15)


def test_large_tied_groups_keep_their_digits():
    labels = torch.zeros(2000)
    labels[:700] = 1
    found = catalogue["reciprocal_rank"].function(torch.zeros(2000), labels)
    missed, expected = 1.0, 0.0
    for rank in range(1, 1301):
        chance = 700 / (2000 - rank + 1)
        expected += missed * chance / rank
        missed *= 1 - chance
    assert found.item() == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ties": "random"}, "ties must be one of .*got 'random'"),
        ({"ties": "document_id"}, "ids are what ties='document_id' orders by; got none"),
        ({"ids": torch.arange(2)}, "ids are what ties='document_id' orders by; got ids with"),
        ({"ties": "document_id", "ids": torch.arange(3)}, r"ids must be integers.*\[2\].*\[3\]"),
        ({"ties": "document_id", "ids": torch.zeros(2)}, "ids must be integers.*float32"),
    ],
)
def test_a_rule_that_does_not_fit_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        catalogue["ndcg"].function(torch.zeros(2), torch.ones(2), **arguments)
