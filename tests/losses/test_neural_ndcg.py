from math import exp, log2

import pytest
import torch
from torch.testing import assert_close

from ltr.losses import neural_ndcg

SCORES, LABELS = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([3, 0, 1])


def written_out(temperature, rounds):
    s, gains = [0.5, -1.0, 2.0], [7, 0, 1]
    apart = [sum(abs(x - y) for y in s) for x in s]
    rows = []
    for k in (1, 2, 3):
        e = [exp(((4 - 2 * k) * x - a) / temperature) for x, a in zip(s, apart, strict=True)]
        rows.append([x / sum(e) for x in e])
    for _ in range(rounds):
        columns = [sum(column) for column in zip(*rows, strict=True)]
        rows = [[x / c for x, c in zip(row, columns, strict=True)] for row in rows]
        rows = [[x / sum(row) for x in row] for row in rows]
    expected = [sum(p * g for p, g in zip(row, gains, strict=True)) for row in rows]
    dcg = sum(e / log2(k + 2) for k, e in enumerate(expected))
    return 1 - dcg / (7 + 1 / log2(3))


@pytest.mark.parametrize(("temperature", "rounds"), [(1.0, 20), (0.5, 20), (1.0, 0), (2.0, 3)])
def test_the_formula_written_out(temperature, rounds):
    value = neural_ndcg(SCORES, LABELS, temperature=temperature, rounds=rounds)
    assert value.item() == pytest.approx(written_out(temperature, rounds), rel=1e-5)
    assert (temperature, rounds) != (1.0, 20) or value == neural_ndcg(SCORES, LABELS)


def test_weights_multiply_the_gains_that_are_reached_and_not_the_ideal():
    plain = neural_ndcg(SCORES, LABELS)
    twice = neural_ndcg(SCORES, LABELS, weights=torch.full((3,), 2.0))
    assert_close(twice, 2 * plain)
    only = neural_ndcg(SCORES, LABELS, weights=torch.tensor([0.0, 1.0, 1.0]))
    other = neural_ndcg(SCORES, LABELS, weights=torch.tensor([1.0, 0.0, 0.0]))
    assert_close(only + other, plain)


def test_a_low_temperature_gives_ndcg():
    # The best document in second place, the second best in first.
    ndcg = (1 + 7 / log2(3)) / (7 + 1 / log2(3))
    assert neural_ndcg(SCORES, LABELS, temperature=0.01).item() == pytest.approx(1 - ndcg)


def test_padding_between_documents_takes_no_position():
    mask = torch.tensor([[True, False, True, False, True]])
    scores, labels = torch.zeros(1, 5), torch.zeros(1, 5)
    scores[mask], labels[mask] = SCORES, LABELS.float()
    assert_close(neural_ndcg(scores, labels, mask=mask), neural_ndcg(SCORES, LABELS))


def test_a_constant_on_all_scores_changes_nothing():
    assert_close(neural_ndcg(SCORES + 1e4, LABELS), neural_ndcg(SCORES, LABELS), rtol=2e-3, atol=0)


def test_grade_40_and_400_do_not_overflow():
    for top in (40, 400):
        value = neural_ndcg(SCORES, torch.tensor([top, 0, top - 1]))
        assert 0 < value.item() < 1


def test_a_list_without_a_relevant_document_is_left_out():
    scores, labels = torch.stack([SCORES, SCORES]), torch.stack([LABELS, LABELS * 0])
    assert_close(neural_ndcg(scores, labels), neural_ndcg(SCORES, LABELS))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"temperature": -1.0}, "temperature must be above 0; got -1"), ({"rounds": -1}, "got -1")],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        neural_ndcg(torch.zeros(2), torch.ones(2), **arguments)
