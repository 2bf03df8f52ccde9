from math import exp, log

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from ltr.losses import in_batch_softmax

QUERIES = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
DOCUMENTS = torch.tensor([[1.0, 1.0], [0.5, 1.0], [2.0, 0.0]])
PRODUCTS = [[1.0, 0.5, 2.0], [2.0, 2.0, 0.0], [2.0, 1.5, 2.0]]


def nll(scores, of):
    return -log(exp(scores[of]) / sum(exp(s) for s in scores))


def test_the_formula_written_out():
    values = in_batch_softmax(QUERIES, DOCUMENTS, reduction="none")
    expected = [nll(row, i) for i, row in enumerate(PRODUCTS)]
    assert values.tolist() == pytest.approx(expected)
    assert in_batch_softmax(QUERIES, DOCUMENTS).item() == pytest.approx(sum(expected) / 3)
    warm = in_batch_softmax(QUERIES, DOCUMENTS, temperature=2.0, reduction="none")
    assert warm.tolist() == pytest.approx(
        [nll([s / 2 for s in row], i) for i, row in enumerate(PRODUCTS)]
    )
    rewards = torch.tensor([0.5, 0.0, 3.0])
    weighed = in_batch_softmax(QUERIES, DOCUMENTS, weights=rewards)
    assert weighed.item() == pytest.approx((0.5 * expected[0] + 3 * expected[2]) / 2)


def test_the_log_of_the_sampling_probability_is_subtracted_after_the_temperature():
    q = [0.5, 0.2, 0.05]
    values = in_batch_softmax(
        QUERIES, DOCUMENTS, log_q=torch.tensor(q).log(), temperature=2.0, reduction="none"
    )
    rows = [[s / 2 - log(p) for s, p in zip(row, q, strict=True)] for row in PRODUCTS]
    assert values.tolist() == pytest.approx([nll(row, i) for i, row in enumerate(rows)])


def test_what_is_the_same_for_all_documents_cancels():
    share = torch.tensor([0.5, 0.2, 0.05])
    by_share = in_batch_softmax(QUERIES, DOCUMENTS, log_q=share.log())
    assert_close(in_batch_softmax(QUERIES, DOCUMENTS, log_q=(7 * share).log()), by_share)


def test_another_row_of_the_own_document_is_no_negative():
    ids = torch.tensor([4, 8, 4])
    documents = DOCUMENTS[[0, 1, 0]]
    values = in_batch_softmax(QUERIES, documents, document_ids=ids, reduction="none")
    # Query 1 has both rows of document 4 as negatives.
    expected = [nll([1.0, 0.5], 0), nll([2.0, 2.0, 2.0], 1), nll([2.0, 1.5], 0)]
    assert values.tolist() == pytest.approx(expected)


def test_rows_after_the_queries_are_further_negatives():
    values = in_batch_softmax(QUERIES[:2], DOCUMENTS, reduction="none")
    assert values.tolist() == pytest.approx([nll(PRODUCTS[0], 0), nll(PRODUCTS[1], 1)])


def test_it_is_the_cross_entropy_of_torch():
    generator = torch.Generator().manual_seed(0)
    queries, documents = torch.randn(2, 20, 8, generator=generator)
    expected = cross_entropy(queries @ documents.T / 0.1, torch.arange(20))
    assert_close(in_batch_softmax(queries, documents, temperature=0.1), expected)


def test_a_batch_of_one_document_gives_exactly_0_with_a_zero_gradient():
    queries = QUERIES.clone().requires_grad_()
    same = torch.zeros(3, dtype=torch.int64)
    value = in_batch_softmax(queries, DOCUMENTS, document_ids=same)
    assert value.item() == 0.0
    assert torch.autograd.grad(value, queries)[0].eq(0).all()
    assert in_batch_softmax(QUERIES[:1], DOCUMENTS[:1]).item() == 0.0


@pytest.mark.parametrize(
    ("queries", "documents", "arguments", "match"),
    [
        (QUERIES, DOCUMENTS[:2], {}, r"one each or more; got \[3, 2\] and \[2, 2\]"),
        (QUERIES, DOCUMENTS[:, :1], {}, r"got \[3, 2\] and \[3, 1\]"),
        (QUERIES, DOCUMENTS, {"log_q": torch.zeros(2)}, r"log_q must .*, \[3\]; got \[2\]"),
        (QUERIES, DOCUMENTS, {"document_ids": torch.zeros(3, 1)}, r"document_ids .* \[3, 1\]"),
        (QUERIES, DOCUMENTS, {"weights": torch.zeros(2)}, r"weights must .*, \[3\]; got \[2\]"),
        (QUERIES, DOCUMENTS, {"temperature": 0.0}, "temperature must be above 0; got 0.0"),
        (QUERIES.int(), DOCUMENTS, {}, "queries must be floating point; got torch.int32"),
    ],
)
def test_inputs_that_do_not_fit_are_named(queries, documents, arguments, match):
    with pytest.raises(ValueError, match=match):
        in_batch_softmax(queries, documents, **arguments)
