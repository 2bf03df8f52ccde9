"""Each metric's own arguments away from their defaults, written out, and independent references."""

import math
import warnings
from typing import Any

import pytest
import torch
from sklearn import metrics as sklearn_metrics

from ltr.metrics import (
    auc,
    average_precision,
    average_relevance_position,
    calibration_error,
    dcg,
    expected_reciprocal_rank,
    group_auc,
    hit_rate,
    ndcg,
    pair_accuracy,
    precision,
    rank_biased_precision,
    recall,
    reciprocal_rank,
)
from tests.metrics.lists import random_lists

# In the order of the scores the labels are 0, 2, 1, 3.
SCORES = torch.tensor([0.5, 0.9, 0.1, 0.7])
LABELS = torch.tensor([1, 0, 3, 2])


@pytest.mark.parametrize(
    ("metric", "arguments", "expected"),
    [
        (precision, {"k": 3, "relevant_from": 2}, 1 / 3),
        (precision, {"k": 10}, 3 / 10),
        (recall, {"k": 2, "relevant_from": 2}, 1 / 2),
        (hit_rate, {"k": 3, "relevant_from": 3}, 0),
        (reciprocal_rank, {"relevant_from": 3}, 1 / 4),
        (reciprocal_rank, {"relevant_from": 3, "k": 3}, 0),
        (average_precision, {}, (1 / 2 + 2 / 3 + 3 / 4) / 3),
        (average_precision, {"relevant_from": 2, "k": 2}, 1 / 2 / 2),
        (rank_biased_precision, {"persistence": 0.5}, 0.5 * (0.5 + 0.25 + 0.125)),
        (rank_biased_precision, {"persistence": 0.9, "relevant_from": 3}, 0.1 * 0.9**3),
        (
            expected_reciprocal_rank,
            {"max_grade": 3},
            3 / 8 / 2 + 5 / 8 * (1 / 8) / 3 + 5 / 8 * (7 / 8) * (7 / 8) / 4,
        ),
        (expected_reciprocal_rank, {"k": 2}, 3 / 16 / 2),
        (average_relevance_position, {}, (2 * 2 + 1 * 3 + 3 * 4) / 6),
        (pair_accuracy, {}, 1 / 6),
        (auc, {"relevant_from": 2}, (1 + 0) / 4),
        (dcg, {"gain": [0, 5, 7, 9], "k": 2}, 7 / math.log2(3)),
        (calibration_error, {"bins": 2}, (abs(0.1 - 1) + abs(0.5 + 0.9 + 0.7 - 2)) / 4),
    ],
)
def test_is_the_formula_written_out(metric, arguments, expected):
    assert metric(SCORES, LABELS, **arguments).item() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(
    ("metric", "arguments", "expected"),
    [
        (dcg, {"gain": "linear"}, 2 * 4 / math.log2(3) + 1 * 1 / 2 + 3 * 3 / math.log2(5)),
        (precision, {"k": 2}, 4 / 2),
        (recall, {"k": 2}, 4 / 8),
        (rank_biased_precision, {}, 0.2 * (4 * 0.8 + 1 * 0.8**2 + 3 * 0.8**3)),
        (average_relevance_position, {}, (2 * 4 * 2 + 1 * 1 * 3 + 3 * 3 * 4) / (8 + 1 + 9)),
        # Right is only grade 2 over grade 1; in the order of grades the weights are 2, 1, 4, 3.
        (pair_accuracy, {}, 4 * 1 / (2 * (1 + 4 + 3) + 1 * (4 + 3) + 4 * 3)),
    ],
)
def test_inverse_propensities_weigh_the_documents(metric, arguments, expected):
    weights = torch.tensor([1.0, 2.0, 3.0, 4.0])
    found = metric(SCORES, LABELS, weights=weights, **arguments)
    assert found.item() == pytest.approx(expected, abs=1e-12)


def test_clicks_weighed_by_propensity_give_the_dcg_of_full_information():
    # Over all patterns of what was examined, each weighed by its probability.
    propensity, relevant = [0.9, 0.5, 0.2], torch.tensor([1, 0, 1])
    scores, weights = torch.tensor([1.0, 2.0, 3.0]), 1 / torch.tensor(propensity)
    expected = 0.0
    for pattern in range(8):
        seen = torch.tensor([pattern >> i & 1 for i in range(3)])
        chance = math.prod(
            p if s else 1 - p for p, s in zip(propensity, seen.tolist(), strict=True)
        )
        value = dcg(scores, relevant * seen, weights=weights, blank="zero").item()
        expected += chance * value
    assert expected == pytest.approx(dcg(scores, relevant).item(), abs=1e-6)


def test_ideal_labels_count_what_was_not_retrieved():
    ideal = torch.tensor([1, 0, 3, 2, 3, 1])
    best = 7 + 7 / math.log2(3)
    reached = dcg(SCORES, LABELS, k=2).item()
    assert ndcg(SCORES, LABELS, k=2, ideal_labels=ideal).item() == pytest.approx(
        reached / best, abs=1e-12
    )
    assert recall(SCORES, LABELS, ideal_labels=ideal).item() == pytest.approx(3 / 5)
    assert average_precision(SCORES, LABELS, ideal_labels=ideal).item() == pytest.approx(
        (1 / 2 + 2 / 3 + 3 / 4) / 5
    )


def test_a_list_of_which_nothing_was_retrieved_is_0_and_not_blank():
    found = ndcg(
        torch.zeros(0),
        torch.zeros(0),
        lengths=torch.tensor([0, 0]),
        ideal_labels=torch.tensor([1, 0]),
        ideal_lengths=torch.tensor([1, 1]),
        reduction="none",
    )
    assert found[0].item() == 0
    assert found[1].isnan()


def test_agrees_with_scikit_learn_on_auc_with_ties_and_weights():
    scores, labels, lengths = random_lists(60)
    weights = torch.rand(len(scores), generator=torch.Generator().manual_seed(0)) + 0.1
    arguments: dict[str, Any] = {"lengths": lengths, "relevant_from": 2, "reduction": "none"}
    plain, weighted = (
        auc(scores, labels, **arguments),
        auc(scores, labels, weights=weights, **arguments),
    )
    parts = zip(*(x.split(lengths.tolist()) for x in (scores, labels, weights)), strict=True)
    for row, (s, y, w) in enumerate(parts):
        relevant = y >= 2
        if relevant.all() or not relevant.any():
            assert plain[row].isnan()
            continue
        of = sklearn_metrics.roc_auc_score
        assert plain[row].item() == pytest.approx(of(relevant, s), abs=1e-12)
        assert weighted[row].item() == pytest.approx(of(relevant, s, sample_weight=w), abs=1e-6)


def test_group_auc_weighs_lists_by_their_documents():
    scores, labels, lengths = random_lists(60)
    values = auc(scores, labels, lengths=lengths, reduction="none")
    known = ~values.isnan()
    expected = (values[known] * lengths[known]).sum() / lengths[known].sum()
    assert group_auc(scores, labels, lengths=lengths).item() == pytest.approx(expected.item())


def test_agrees_with_scikit_learn_on_average_precision_without_ties():
    generator = torch.Generator().manual_seed(1)
    scores, labels = (
        torch.rand(30, generator=generator),
        torch.randint(0, 2, (30,), generator=generator),
    )
    expected = sklearn_metrics.average_precision_score(labels, scores)
    assert average_precision(scores, labels).item() == pytest.approx(expected, abs=1e-12)


def test_agrees_with_torchmetrics_on_calibration_error():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classification = pytest.importorskip(
            "torchmetrics.functional.classification", reason="torchmetrics is not installed here"
        )
    generator = torch.Generator().manual_seed(1)
    scores = torch.rand(500, generator=generator)
    labels = (torch.rand(500, generator=generator) < scores**2).long()
    for bins in (15, 7):
        expected = classification.binary_calibration_error(scores, labels, n_bins=bins)
        found = calibration_error(scores, labels, bins=bins)
        assert found.item() == pytest.approx(expected.item(), abs=1e-6)


def test_pairs_of_many_different_grades_are_counted_as_a_loop_counts_them():
    generator = torch.Generator().manual_seed(2)
    scores = torch.randint(0, 9, (40,), generator=generator).float()
    labels = torch.randn(40, generator=generator).round(decimals=1)
    right = total = 0.0
    for i in range(40):
        for j in range(40):
            if labels[i] > labels[j]:
                total += 1
                right += float(scores[i] > scores[j]) + 0.5 * float(scores[i] == scores[j])
    assert pair_accuracy(scores, labels).item() == pytest.approx(right / total, abs=1e-12)


@pytest.mark.parametrize("metric", [ndcg, average_precision, reciprocal_rank, pair_accuracy])
def test_a_constant_model_gains_nothing_from_rows_sorted_by_label(metric):
    labels = torch.tensor([3, 2, 1, 0, 0, 0])
    found = metric(torch.zeros(6), labels)
    assert found.item() < 1
    assert found.item() == pytest.approx(metric(torch.zeros(6), labels.flip(0)).item(), abs=1e-15)


@pytest.mark.parametrize(
    ("metric", "scores", "arguments", "message"),
    [
        (rank_biased_precision, SCORES, {"persistence": 1.0}, "persistence must be between.*1.0"),
        (expected_reciprocal_rank, SCORES, {"max_grade": 2}, "not be above max_grade=2; got 3"),
        (calibration_error, SCORES, {"bins": 0}, "bins must be at least 1; got 0"),
        (calibration_error, SCORES * 3, {}, "scores must be probabilities from 0 to 1; got 1.5"),
        (
            ndcg,
            SCORES,
            {"ideal_labels": torch.ones(2, 3)},
            r"same lists as scores, \[1\]; got \[2\]",
        ),
        (
            recall,
            SCORES,
            {"ideal_labels": torch.ones(5), "weights": torch.ones(4)},
            "weights must be None with ideal_labels",
        ),
    ],
)
def test_an_own_argument_that_does_not_fit_is_named(metric, scores, arguments, message):
    with pytest.raises(ValueError, match=message):
        metric(scores, LABELS, **arguments)
