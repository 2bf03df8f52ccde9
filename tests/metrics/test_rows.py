import pytest
import torch

from ltr.metrics import _rows, average_precision, ndcg, reciprocal_rank

METRICS = [ndcg, average_precision, reciprocal_rank]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 1e-40, -1e-40, float("inf"), float("-inf"), 3e38, -3e38]


@pytest.fixture(params=[True, False], ids=["numpy", "torch alone"])
def _sorted_by(request, monkeypatch):
    monkeypatch.setattr(_rows, "_HAS_NUMPY", request.param)


@pytest.mark.usefixtures("_sorted_by")
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("ties", ["averaged", "input_order", "worst"])
@pytest.mark.parametrize("k", [None, 1, 3])
def test_special_scores_rank_in_float32_as_in_float64(metric, ties, k):
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 12, (60,), generator=generator)
    docs = int(lengths.sum())
    scores = torch.tensor(SPECIAL)[torch.randint(0, len(SPECIAL), (docs,), generator=generator)]
    labels = torch.randint(0, 3, (docs,), generator=generator)
    options = {"lengths": lengths, "ties": ties, "k": k, "reduction": "none"}
    here, there = (metric(s, labels, **options) for s in (scores, scores.double()))
    torch.testing.assert_close(here, there, rtol=0, atol=1e-12, equal_nan=True)


@pytest.mark.usefixtures("_sorted_by")
@pytest.mark.parametrize("metric", METRICS)
def test_a_list_with_a_nan_of_either_sign_has_no_value_and_leaves_the_others_theirs(metric):
    scores = torch.tensor([0.1, torch.nan, 0.2, 0.5, 0.4, -torch.nan, 0.3])
    labels, lengths = torch.tensor([1, 0, 0, 0, 1, 1, 0]), torch.tensor([3, 2, 2])
    values = metric(scores, labels, lengths=lengths, reduction="none")
    assert values.isnan().tolist() == [True, False, True]
