import pytest
import torch
from torch.nn.functional import cosine_similarity
from torch.testing import assert_close

from ltr.losses import hinge_embedding

DISTANCES = torch.tensor([0.5, 0.25, 3.0])
LABELS = torch.tensor([1, -1, -1])


def test_the_formula_written_out():
    values = hinge_embedding(DISTANCES, LABELS, reduction="none")
    assert values.tolist() == pytest.approx([0.5, 1 - 0.25, 0.0])
    wide = hinge_embedding(DISTANCES, LABELS, margin=4.0)
    assert wide.item() == pytest.approx((0.5 + (4 - 0.25) + (4 - 3)) / 3)
    weighed = hinge_embedding(DISTANCES, LABELS, weights=torch.tensor([2.0, 4.0, 0.0]))
    assert weighed.item() == pytest.approx((2 * 0.5 + 4 * 0.75) / 2)


def test_the_reference_value_and_that_of_torch():
    torch.manual_seed(20)
    left, right = torch.randn(100, 128), torch.randn(100, 128)
    labels = 2 * torch.empty(100).random_(2) - 1
    distances = 1 - cosine_similarity(left, right)
    value = hinge_embedding(distances, labels, margin=0.2)
    assert value.item() == pytest.approx(0.4938560)
    for reduction in ("none", "mean", "sum"):
        peer = torch.nn.HingeEmbeddingLoss(margin=0.2, reduction=reduction)
        assert_close(
            hinge_embedding(distances, labels, margin=0.2, reduction=reduction),
            peer(distances, labels),
        )


def test_0_is_not_alike_as_minus_1_is():
    # Torch adds both of its terms for a label of 0.
    zeros = hinge_embedding(DISTANCES, LABELS.clamp(min=0))
    assert zeros.item() == hinge_embedding(DISTANCES, LABELS).item()


def test_a_score_is_refused_and_the_loss_for_it_named():
    scores, labels = torch.tensor([0.8, -0.5, 2.0]), torch.tensor([-1, 1, -1])
    with pytest.raises(ValueError, match=r"must not be negative; got -0.5. Scores are for hinge"):
        hinge_embedding(scores, labels)


def test_a_distance_that_rounding_made_negative_is_taken():
    value = hinge_embedding(torch.tensor([-1e-7]), torch.tensor([1]))
    assert value.item() == pytest.approx(-1e-7)


def test_distances_come_in_any_shape():
    column = hinge_embedding(DISTANCES[:, None], LABELS[:, None], reduction="none")
    assert column.shape == (3, 1)


@pytest.mark.parametrize(
    ("distances", "labels", "weights", "match"),
    [
        (DISTANCES, LABELS[:, None], None, r"labels must have .* distances, \[3\]; got \[3, 1\]"),
        (DISTANCES, LABELS, LABELS[:2], r"weights must have .* distances, \[3\]; got \[2\]"),
        (LABELS, LABELS, None, "distances must be floating point; got torch.int64"),
    ],
)
def test_inputs_that_do_not_fit_are_named(distances, labels, weights, match):
    with pytest.raises(ValueError, match=match):
        hinge_embedding(distances, labels, weights=weights)
