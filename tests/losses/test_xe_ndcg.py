from math import exp, log

import pytest
import torch

from ltr.losses import XeNdcgLoss, xe_ndcg

SCORES, LABELS = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3])
Z = exp(0.5) + exp(-1.0) + exp(2.0)
LOG_P = [log(exp(s) / Z) for s in (0.5, -1.0, 2.0)]


def written_out(noise):
    gains = [2**y - g for y, g in zip((1, 0, 3), noise, strict=True)]
    return -sum(g / sum(gains) * p for g, p in zip(gains, LOG_P, strict=True))


def test_the_formula_written_out_with_the_mean_of_the_noise():
    assert xe_ndcg(SCORES, LABELS).item() == pytest.approx(written_out([0.5] * 3))


def test_the_noise_comes_from_the_generator():
    noise = torch.rand(1, 3, generator=torch.Generator().manual_seed(7))[0].tolist()
    for loss in (xe_ndcg, XeNdcgLoss()):
        value = loss(SCORES, LABELS, generator=torch.Generator().manual_seed(7))
        assert value.item() == pytest.approx(written_out(noise))
    generator = torch.Generator().manual_seed(7)
    first, second = (xe_ndcg(SCORES, LABELS, generator=generator) for _ in range(2))
    assert first != second


def test_with_noise_a_list_without_a_relevant_document_is_still_left_out():
    scores, labels = torch.stack([SCORES, SCORES]), torch.stack([LABELS, LABELS * 0])
    generator = torch.Generator().manual_seed(0)
    values = xe_ndcg(scores, labels, generator=generator, reduction="none")
    assert values[0] > 0
    assert values[1] == 0


def test_grade_400_does_not_overflow():
    value = xe_ndcg(SCORES[:2], torch.tensor([400, 0]))
    assert value.item() == pytest.approx(log(1 + exp(-1.5)))


def test_half_precision_scores_with_noise_stay_half_precision():
    generator = torch.Generator().manual_seed(0)
    assert xe_ndcg(SCORES.bfloat16(), LABELS, generator=generator).dtype == torch.bfloat16
