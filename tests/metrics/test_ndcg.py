import itertools
import math
from functools import partial
from math import log2

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from ltr.metrics import ndcg

NAN = math.nan
SCORES = torch.tensor([0.4, 0.2, 0.5, 0.7])
LABELS = torch.tensor([0, 1, 2, 0])

few_scores = st.sampled_from([-1.0, 0.0, 0.5, 2.0])
documents = st.tuples(few_scores, st.integers(0, 4))
lists_of_documents = st.lists(st.lists(documents, min_size=1, max_size=6), min_size=1, max_size=5)


def columns(lists):
    flat = [document for one in lists for document in one]
    scores = torch.tensor([score for score, _ in flat])
    return scores, torch.tensor([grade for _, grade in flat])


def padded(lists, fill=9.0):
    width = max(map(len, lists)) + 1
    scores = torch.full((len(lists), width), fill)
    labels, mask = torch.full((len(lists), width), 4), torch.zeros(len(lists), width) > 0
    for row, one in enumerate(lists):
        # Padding in front, and a label and a score in it that would win: the mask alone counts.
        slots = slice(width - len(one), width)
        scores[row, slots], labels[row, slots] = columns([one])
        mask[row, slots] = True
    return scores, labels, mask


def by_hand(one, k, gain):
    """Average DCG over every order of the ties, over the DCG of the best order."""
    gains = {"exp2": lambda y: 2**y - 1, "linear": lambda y: y}[gain]

    def dcg(grades):
        return sum(gains(y) / log2(rank + 1) for rank, y in enumerate(grades[:k], start=1))

    ideal = dcg(sorted((y for _, y in one), reverse=True))
    orders = [
        [y for _, y in order]
        for order in itertools.permutations(one)
        if all(a[0] >= b[0] for a, b in itertools.pairwise(order))
    ]
    return sum(map(dcg, orders)) / len(orders) / ideal if ideal else NAN


def test_is_the_formula_written_out():
    # Ranked: grades 0, 2, 0, 1.
    reached = (2**2 - 1) / log2(3) + (2**1 - 1) / log2(5)
    ideal = (2**2 - 1) / log2(2) + (2**1 - 1) / log2(3)
    assert ndcg(SCORES, LABELS).item() == pytest.approx(reached / ideal, abs=1e-15)
    reached, ideal = 2 / log2(3) + 1 / log2(5), 2 / log2(2) + 1 / log2(3)
    assert ndcg(SCORES, LABELS, gain="linear").item() == pytest.approx(reached / ideal, abs=1e-15)


def test_k_counts_the_first_ranks_in_the_order_and_in_the_ideal():
    assert ndcg(SCORES, LABELS, k=1).item() == 0
    ideal = 3 / log2(2) + 1 / log2(3)
    assert ndcg(SCORES, LABELS, k=2).item() == pytest.approx(3 / log2(3) / ideal, abs=1e-15)


def test_a_table_gives_the_gain_of_each_grade():
    reached, ideal = 10 / log2(3) + 3 / log2(5), 10 / log2(2) + 3 / log2(3)
    found = ndcg(SCORES, LABELS, gain=[0, 3, 10])
    assert found.item() == pytest.approx(reached / ideal, abs=1e-15)


@pytest.mark.parametrize(
    ("scores", "labels", "exp2", "linear"),
    [
        ([0.4, 0.2, 0.5, 0.7], [0, 1, 2, 0], 0.6399, 0.6433),
        ([1, 2, 3, 4, 5], [3, 0, 0, 0, 1], 0.4859, 0.5950),
        ([0, 0, 0], [2, 1, 0], None, 0.81),
    ],
)
def test_known_lists_have_their_known_values(scores, labels, exp2, linear):
    scores, labels = torch.tensor(scores, dtype=torch.float32), torch.tensor(labels)
    assert ndcg(scores, labels, gain="linear").item() == pytest.approx(linear, abs=5e-5)
    if exp2 is not None:
        assert ndcg(scores, labels).item() == pytest.approx(exp2, abs=5e-5)


@given(one=st.lists(documents, min_size=1, max_size=6), k=st.integers(1, 7))
@settings(deadline=None, max_examples=60)
@pytest.mark.parametrize("gain", ["exp2", "linear"])
def test_ties_are_the_average_over_their_orders(gain, one, k):
    found = ndcg(*columns([one]), k=k, gain=gain, lengths=torch.tensor([len(one)]))
    assert found.item() == pytest.approx(by_hand(one, k, gain), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("k", [None, 1, 3, 10, 40])
@pytest.mark.parametrize("levels", [3, 10_000])
def test_agrees_with_scikit_learn(k, levels):
    generator = torch.Generator().manual_seed(5)
    scores = torch.randint(levels, (50, 30), generator=generator).double() / levels
    labels = torch.randint(5, (50, 30), generator=generator)
    found = ndcg(scores, labels, k=k, gain="linear", reduction="none")
    exponential = ndcg(scores, labels, k=k, reduction="none")
    for row in range(50):
        y, s = labels[row : row + 1].numpy(), scores[row : row + 1].numpy()
        assert found[row].item() == pytest.approx(ndcg_score(y, s, k=k), abs=1e-9)
        assert exponential[row].item() == pytest.approx(ndcg_score(2.0**y - 1, s, k=k), abs=1e-9)


@given(lists=lists_of_documents)
@settings(deadline=None, max_examples=60)
def test_ragged_is_padded_is_list_by_list(lists):
    scores, labels = columns(lists)
    lengths = torch.tensor([len(one) for one in lists])
    ragged = ndcg(scores, labels, k=[1, 3, 9], lengths=lengths, reduction="none")
    scores, labels, mask = padded(lists)
    masked = ndcg(scores, labels, k=[1, 3, 9], mask=mask, reduction="none")
    alone = torch.cat([ndcg(*columns([one]), k=[1, 3, 9], reduction="none") for one in lists])
    torch.testing.assert_close(ragged, masked, rtol=0, atol=1e-12, equal_nan=True)
    torch.testing.assert_close(ragged, alone, rtol=0, atol=1e-12, equal_nan=True)


@given(lists=lists_of_documents, data=st.data())
@settings(deadline=None, max_examples=60)
def test_the_order_of_rows_does_not_matter_even_with_ties(lists, data):
    shuffled = [data.draw(st.permutations(one)) for one in lists]
    lengths = torch.tensor([len(one) for one in lists])
    found, again = (
        ndcg(*columns(rows), k=[2, 5], lengths=lengths, reduction="none")
        for rows in (lists, shuffled)
    )
    torch.testing.assert_close(found, again, rtol=0, atol=1e-12, equal_nan=True)


@given(lists=lists_of_documents, k=st.integers(1, 9))
@settings(deadline=None, max_examples=60)
def test_lies_between_0_and_1_and_is_undefined_exactly_for_blank_lists(lists, k):
    lengths = torch.tensor([len(one) for one in lists])
    found = ndcg(*columns(lists), k=k, lengths=lengths, reduction="none")
    blank = torch.tensor([not any(grade for _, grade in one) for one in lists])
    assert torch.equal(found.isnan(), blank)
    assert ((found >= 0) & (found <= 1) | blank).all()


def test_k_beyond_the_list_is_the_whole_list():
    assert ndcg(SCORES, LABELS, k=99).item() == ndcg(SCORES, LABELS).item()


def test_ideal_order_has_exactly_1():
    grades = torch.tensor([[3, 2, 2, 1, 0, 0]])
    assert ndcg(grades.float(), grades, k=[1, 2, 3, 6]).tolist() == [1, 1, 1, 1]


def test_several_k_are_one_pass_and_keep_their_order():
    found = ndcg(SCORES[None], LABELS[None], k=(3, 1), reduction="none")
    alone = [ndcg(SCORES, LABELS, k=k).item() for k in (3, 1)]
    assert found.shape == (1, 2)
    assert found.tolist() == [alone]


@pytest.mark.parametrize(
    ("lead", "k", "shape"), [((), None, (1,)), ((5,), 2, (5,)), ((2, 5), [1, 2, 3], (2, 5, 3))]
)
def test_none_gives_one_value_per_list(lead, k, shape):
    scores, labels = torch.rand(*lead, 4), torch.ones(*lead, 4)
    found = ndcg(scores, labels, k=k, reduction="none")
    assert found.shape == shape
    assert found.dtype == torch.float64


@pytest.mark.parametrize(
    ("blank", "mean"), [("skip", (1 + 0.5) / 2), ("zero", 1.5 / 4), ("one", 3.5 / 4)]
)
def test_blank_lists_follow_the_policy(blank, mean):
    scores = torch.tensor([[2.0, 1, 0], [0, 1, 0], [1, 2, 3], [3, 2, 1]])
    labels = torch.tensor([[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]])
    found = ndcg(scores, labels, blank=blank, gain="linear", k=[3])
    # The third list has its one relevant document at rank 2: 1 / log2(3).
    expected = mean + (1 / log2(3) - 0.5) / (2 if blank == "skip" else 4)
    assert found.tolist() == pytest.approx([expected], abs=1e-15)


@pytest.mark.parametrize(("blank", "mean"), [("skip", NAN), ("zero", 0), ("one", 1)])
def test_lists_that_are_all_blank_have_the_mean_of_the_policy(blank, mean):
    found = ndcg(torch.rand(3, 4), torch.zeros(3, 4), blank=blank)
    assert found.item() == pytest.approx(mean, nan_ok=True)


def test_a_list_without_documents_is_blank():
    found = ndcg(SCORES, LABELS, lengths=torch.tensor([0, 4, 0]), reduction="none")
    assert found.isnan().tolist() == [True, False, True]
    nothing = torch.zeros(0)
    assert ndcg(nothing, nothing, lengths=torch.tensor([0]), reduction="none").isnan().all()


@pytest.mark.parametrize("blank", ["skip", "zero", "one"])
def test_a_nan_score_makes_its_list_and_the_mean_nan_whatever_the_policy(blank):
    scores, labels = torch.tensor([[NAN, 1.0], [2.0, 1.0]]), torch.tensor([[0, 1], [1, 0]])
    assert ndcg(scores, labels, reduction="none").isnan().tolist() == [True, False]
    assert ndcg(scores, labels, blank=blank).isnan()


def test_a_nan_in_one_ragged_list_stays_in_it():
    scores, lengths = torch.tensor([2.0, 1.0, NAN, 1.0, 2.0, 1.0]), torch.tensor([2, 2, 2])
    labels = torch.tensor([1, 0, 1, 0, 1, 0])
    found = ndcg(scores, labels, lengths=lengths, reduction="none")
    assert found[[0, 2]].tolist() == [1, 1]
    assert found[1].isnan()


def test_infinite_scores_rank_first_and_last_also_beside_padding():
    scores = torch.tensor([[math.inf, -math.inf, 0.0, 5.0]])
    mask = torch.tensor([[True, True, True, False]])
    found = ndcg(scores, torch.tensor([[2, 0, 1, 4]]), mask=mask)
    assert found.item() == 1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_scores_of_any_precision_are_ranked_as_they_are(dtype):
    scores = SCORES.to(dtype)
    assert ndcg(scores, LABELS).item() == ndcg(scores.double(), LABELS).item()


def test_has_no_gradient():
    assert not ndcg(SCORES.clone().requires_grad_(), LABELS).requires_grad


@pytest.mark.parametrize("layout", ["one", "ragged", "padded"])
@pytest.mark.parametrize("gain", ["exp2", "linear", (0, 1, 3)])
def test_runs_on_meta_so_nothing_waits_for_an_accelerator(layout, gain):
    scores = torch.zeros((2, 6) if layout == "padded" else (12,), device="meta")
    lengths = torch.tensor([5, 7], device="meta") if layout == "ragged" else None
    mask = torch.ones(2, 6, device="meta") > 0 if layout == "padded" else None
    labels = torch.zeros_like(scores, dtype=torch.uint8)
    found = ndcg(scores, labels, k=[1, 5], gain=gain, lengths=lengths, mask=mask)
    assert found.shape == (2,)
    assert found.device.type == "meta"


def test_compiles_as_one_graph():
    scores, labels = torch.rand(3, 6), torch.randint(1, 3, (3, 6))
    lengths, mask = torch.tensor([5, 6, 7]), torch.ones(3, 6) > 0
    compiled = torch.compile(ndcg, fullgraph=True, backend="eager")
    close = partial(torch.testing.assert_close, rtol=0, atol=1e-15)
    close(compiled(scores, labels, mask=mask), ndcg(scores, labels))
    flat = scores.flatten(), labels.flatten()
    close(compiled(*flat, lengths=lengths), ndcg(*flat, lengths=lengths))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "k must be one or more ranks from 1.*got 0"),
        ({"k": [5, -1]}, r"k must be one or more ranks from 1.*got \[5, -1\]"),
        ({"k": []}, "k must be one or more ranks"),
        ({"gain": "exp"}, "gain must be 'exp2', 'linear' or a table.*got 'exp'"),
        ({"gain": [0, 1]}, "whole grades from 0 to 1, the table's; got 2"),
        ({"gain": [-1, 0, 1]}, r"gain must be a table of gains from 0; got \[-1, 0, 1\]"),
        ({"blank": "drop"}, "blank must be one of .*got 'drop'"),
        ({"reduction": "sum"}, "reduction must be one of .*got 'sum'"),
        ({"lengths": torch.tensor([3])}, "lengths must add up to the 4 scores; got 3"),
    ],
)
def test_an_argument_that_does_not_fit_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        ndcg(SCORES, LABELS, **arguments)


def test_negative_labels_are_refused():
    with pytest.raises(ValueError, match="labels must not be negative; got -1"):
        ndcg(SCORES, torch.tensor([0, 1, -1, 0]))


def test_lists_of_one_document_by_mistake_are_refused():
    with pytest.raises(ValueError, match="squeeze"):
        ndcg(torch.zeros(4, 1), torch.zeros(4, 1))
