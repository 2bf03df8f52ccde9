"""The losses over blocks of one positive and its negatives."""

from math import exp, log

import pytest
import torch
from torch.nn.functional import cross_entropy

from ltr.losses import rank_cross_entropy, rank_hinge

SCORES = torch.tensor([0.2, -0.4, 1.3, 0.8, 0.0, -1.1])
OF_TWO = torch.tensor([1, 0, 1, 0, 1, 0])
OF_THREE = torch.tensor([1, 0, 0, 1, 0, 0])


def test_rank_hinge_written_out():
    values = rank_hinge(SCORES, OF_TWO, reduction="none").tolist()
    assert values == pytest.approx([1 - 0.2 - 0.4, 1 - 1.3 + 0.8, 1 - 0.0 - 1.1 + 0.1])
    wide = rank_hinge(SCORES, OF_TWO, margin=2.0, reduction="none").tolist()
    assert wide == pytest.approx([2 - 0.2 - 0.4, 2 - 1.3 + 0.8, 2 - 0.0 - 1.1])
    assert rank_hinge(SCORES, OF_TWO).item() == pytest.approx(0.3)


def test_rank_hinge_of_the_mean_negative_is_below_the_mean_of_hinges():
    of_mean = rank_hinge(SCORES, OF_THREE, num_neg=2)
    mean_of = rank_hinge(SCORES, OF_THREE, num_neg=2, aggregate="hinge")
    assert [of_mean.item(), mean_of.item()] == pytest.approx([0.625, 0.675])


def test_rank_cross_entropy_is_that_of_the_positive_for_grades_0_and_1():
    value = rank_cross_entropy(SCORES, OF_THREE, num_neg=2)
    assert value.item() == pytest.approx(0.9925479)
    assert value.item() == pytest.approx(
        cross_entropy(SCORES.view(2, 3), torch.tensor([0, 0])).item()
    )
    assert rank_cross_entropy(SCORES, OF_TWO).item() == pytest.approx(0.3996334)


def test_rank_cross_entropy_uses_the_grades_as_they_are():
    blocks, grades = torch.tensor([[1.0, 0.0]]), torch.tensor([[3, 1]])
    log_p = torch.tensor([1.0, 0.0]).log_softmax(0)
    expected = -(3 * log_p[0] + 1 * log_p[1]).item()
    assert rank_cross_entropy(blocks, grades).item() == pytest.approx(expected)


def test_rank_cross_entropy_of_sampled_negatives_subtracts_the_log_of_their_probability():
    # One negative is drawn ten times as often as the other; the positive as often as the first.
    q = torch.tensor([[0.5, 0.5, 0.05]])
    value = rank_cross_entropy(
        SCORES[:3].view(1, 3), OF_THREE[:3].view(1, 3), num_neg=2, log_q=q.log()
    )
    corrected = [exp(0.2) / 0.5, exp(-0.4) / 0.5, exp(1.3) / 0.05]
    assert value.item() == pytest.approx(-log(corrected[0] / sum(corrected)))


def test_what_is_the_same_for_a_block_cancels_from_the_correction():
    popularity = torch.tensor([1.0, 8.0, 2.0, 5.0, 1.0, 3.0])
    share = popularity / torch.tensor([11.0, 11, 11, 9, 9, 9])
    by_count = rank_cross_entropy(SCORES, OF_THREE, num_neg=2, log_q=popularity.log())
    by_share = rank_cross_entropy(SCORES, OF_THREE, num_neg=2, log_q=share.log())
    assert by_count.item() == pytest.approx(by_share.item())


def test_a_correction_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"log_q must have the shape of scores, \[6\]; got \[3\]"):
        rank_cross_entropy(SCORES, OF_TWO, log_q=torch.zeros(3))


@pytest.mark.parametrize("loss", [rank_hinge, rank_cross_entropy])
@pytest.mark.parametrize("shape", [(6,), (6, 1), (2, 3)])
def test_blocks_come_flat_as_a_column_or_as_rows(loss, shape):
    value = loss(SCORES.view(shape), OF_THREE.view(shape), num_neg=2)
    assert value.item() == loss(SCORES, OF_THREE, num_neg=2).item()


@pytest.mark.parametrize("loss", [rank_hinge, rank_cross_entropy])
def test_a_block_is_weighed_by_its_positive(loss):
    weights = torch.tensor([3.0, 9.0, 0.0, 9.0, 1.0, 9.0])
    plain = loss(SCORES, OF_TWO, reduction="none")
    weighed = loss(SCORES, OF_TWO, weights=weights, reduction="none")
    assert weighed.tolist() == pytest.approx((plain * torch.tensor([3.0, 0.0, 1.0])).tolist())
    mean = loss(SCORES, OF_TWO, weights=weights)
    assert mean.item() == pytest.approx(weighed.sum().item() / 2)


@pytest.mark.parametrize("loss", [rank_hinge, rank_cross_entropy])
def test_a_shuffled_batch_is_refused(loss):
    with pytest.raises(ValueError, match=r"block 1 has grades \[0.0, 1.0\]"):
        loss(SCORES, torch.tensor([1, 0, 0, 1, 1, 0]))


def test_a_shuffled_batch_is_refused_in_a_compiled_loss():
    compiled = torch.compile(rank_hinge, fullgraph=True, backend="aot_eager", dynamic=False)
    with pytest.raises(RuntimeError, match="does not begin with its largest grade"):
        compiled(SCORES, torch.tensor([1, 0, 0, 1, 1, 0]))


@pytest.mark.parametrize(
    ("scores", "labels", "arguments", "match"),
    [
        (torch.zeros(5), torch.zeros(5), {}, "5 scores are not whole blocks of 1 positive"),
        (torch.zeros(6), torch.zeros(6, 1), {}, r"shape of scores, \[6\]; got \[6, 1\]"),
        (torch.zeros(2, 2), torch.zeros(2, 2), {"num_neg": 2}, r"or \[blocks, 3\]; got \[2, 2\]"),
        (torch.zeros(6), torch.zeros(6), {"num_neg": 0}, "num_neg must be at least 1; got 0"),
        (torch.zeros(6).int(), torch.zeros(6), {}, "floating point; got torch.int32"),
    ],
)
def test_inputs_that_do_not_fit_are_named(scores, labels, arguments, match):
    with pytest.raises(ValueError, match=match):
        rank_hinge(scores, labels, **arguments)


def test_an_unknown_aggregate_is_named():
    with pytest.raises(ValueError, match=r"aggregate must be one of .*; got 'median'"):
        rank_hinge(SCORES, OF_TWO, aggregate="median")  # type: ignore[arg-type]
