"""What holds for every loss in ``ltr.losses``, and for every one over lists."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

import ltr.losses
from tests.losses.specs import (
    LIST_NAMES,
    NAMES,
    SCORE_NAMES,
    WEIGHTED_NAMES,
    draw,
    loss_of,
    spec_of,
)

every_loss = pytest.mark.parametrize("name", NAMES)
every_loss_of_scores = pytest.mark.parametrize("name", SCORE_NAMES)
every_loss_with_weights = pytest.mark.parametrize("name", WEIGHTED_NAMES)
every_list_loss = pytest.mark.parametrize("name", LIST_NAMES)
every_comparing_loss = pytest.mark.parametrize(
    "name", [name for name in LIST_NAMES if not spec_of(name).pairless]
)
HELPERS = {"LambdaWeight", "LossModule", "PairWeight", "by_name", "catalogue", "expected_grade"}


def value_and_gradient(loss, scores, labels, **others):
    scores = scores.detach().clone().requires_grad_()
    value = loss(scores, labels, **others)
    (gradient,) = torch.autograd.grad(value.sum(), scores)
    return value.detach(), gradient


def test_all_is_the_catalogue():
    functions = {name for name in ltr.losses.__all__ if name in ltr.losses.catalogue}
    faces = {face.__name__ for face in ltr.losses.catalogue.values()}
    assert functions == set(ltr.losses.catalogue)
    assert set(ltr.losses.__all__) == functions | faces | HELPERS


@st.composite
def batches(draw):
    """Ragged lists, with empty ones, ties and equal grades: scores, labels, weights, lengths."""
    lengths = draw(st.lists(st.integers(0, 6), min_size=1, max_size=5))
    docs = sum(lengths)

    def column(values):
        return draw(st.lists(values, min_size=docs, max_size=docs))

    scores = torch.tensor(column(st.integers(-12, 12)), dtype=torch.float64) / 4
    labels = torch.tensor(column(st.integers(0, 4)), dtype=torch.int64)
    weights = torch.tensor(column(st.integers(0, 4)), dtype=torch.float64) / 2
    return scores, labels, weights, torch.tensor(lengths)


def padded(x, lengths, fill):
    """``[docs]`` as ``[lists, longest + 1]`` with holes in front and behind, and its mask."""
    width = int(lengths.max()) + 1
    slots = torch.arange(width) - torch.arange(len(lengths))[:, None] % 2
    mask = (slots >= 0) & (slots < lengths[:, None])
    rows = torch.full(mask.shape, fill, dtype=x.dtype)
    rows[mask] = x
    return rows, mask


@every_list_loss
@given(batches())
@settings(max_examples=40, deadline=None)
def test_ragged_is_padded_is_list_by_list_and_masking_is_deleting(name, batch):
    scores, labels, weights, lengths = batch
    loss = loss_of(name)
    ragged, gradient = value_and_gradient(
        loss, scores, labels, weights=weights, lengths=lengths, reduction="none"
    )
    rows, mask = padded(scores, lengths, torch.nan)
    grades, factors = padded(labels, lengths, 7)[0], padded(weights, lengths, torch.nan)[0]
    by_row, row_gradient = value_and_gradient(
        loss, rows, grades, weights=factors, mask=mask, reduction="none"
    )
    assert ragged.shape == lengths.shape
    assert_close(by_row, ragged)
    assert_close(row_gradient[mask], gradient)
    assert row_gradient[~mask].eq(0).all()
    parts = zip(*(x.split(lengths.tolist()) for x in (scores, labels, weights)), strict=True)
    one_by_one = [loss(s, y, weights=w, reduction="sum") for s, y, w in parts]
    assert_close(torch.stack(one_by_one), ragged)


@every_list_loss
@given(batches(), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_documents_is_irrelevant(name, batch, random):
    scores, labels, weights, _ = batch
    order = list(range(len(scores)))
    random.shuffle(order)
    loss = loss_of(name)
    value, gradient = value_and_gradient(loss, scores, labels, weights=weights)
    shuffled = value_and_gradient(loss, scores[order], labels[order], weights=weights[order])
    assert_close(shuffled, (value, gradient[order]))


@every_comparing_loss
def test_a_list_with_nothing_to_compare_gives_exactly_0_with_a_zero_gradient(name):
    scores = torch.tensor([3.0, -1.0, 2.0])
    for lengths in ([3, 0], [1, 2]):
        value, gradient = value_and_gradient(
            loss_of(name), scores, torch.zeros(3), lengths=torch.tensor(lengths)
        )
        assert value.item() == 0.0
        assert gradient.tolist() == [0.0, 0.0, 0.0]


@every_list_loss
def test_a_list_without_documents_gives_exactly_0_and_does_not_count(name):
    scores, labels = torch.tensor([3.0, -1.0, 2.0]), torch.tensor([0, 1, 2])
    values = loss_of(name)(scores, labels, lengths=torch.tensor([0, 3, 0]), reduction="none")
    assert values[0].item() == values[2].item() == 0.0
    mean = loss_of(name)(scores, labels, lengths=torch.tensor([0, 3, 0]))
    assert mean.item() == pytest.approx(values[1].item())


@every_list_loss
def test_no_documents_at_all_give_0_in_every_layout(name):
    none = torch.zeros(0)
    assert loss_of(name)(none, none).item() == 0.0
    assert loss_of(name)(none, none, lengths=torch.zeros(0, dtype=torch.int64)).item() == 0.0
    assert loss_of(name)(torch.zeros(2, 0), torch.zeros(2, 0)).item() == 0.0


@every_list_loss
def test_none_gives_one_value_per_list_of_any_leading_shape(name):
    call = draw(name)
    rows = loss_of(name)(call.scores, call.labels, **call.tensors, reduction="none")
    parts = {key: x.view(2, 2, 5) for key, x in call.tensors.items()}
    scores, labels = call.scores.view(2, 2, 5), call.labels.view(2, 2, 5)
    assert_close(loss_of(name)(scores, labels, **parts, reduction="none"), rows.view(2, 2))


@every_loss
def test_mean_divides_by_the_lists_that_count(name):
    call = draw(name)
    loss = loss_of(name)
    mean = loss(call.scores, call.labels, **call.tensors)
    values = loss(call.scores, call.labels, **call.tensors, reduction="none")
    assert_close(mean, values[values != 0].mean())
    assert_close(loss(call.scores, call.labels, **call.tensors, reduction="sum"), values.sum())
    if spec_of(name).compares_all:
        return
    four = {key: torch.cat([x] * 4) for key, x in call.tensors.items()}
    assert_close(loss(torch.cat([call.scores] * 4), torch.cat([call.labels] * 4), **four), mean)


@every_loss_with_weights
def test_weights_scale_the_loss_and_not_what_it_is_divided_by(name):
    call = draw(name)
    loss = loss_of(name)
    drawn = torch.rand(call.labels.shape, generator=torch.Generator().manual_seed(1)) + 0.1

    def of(weights):
        return value_and_gradient(loss, call.scores, call.labels, weights=weights, **call.tensors)

    assert_close(of(torch.ones_like(drawn)), of(None))
    value, gradient = of(drawn)
    if not spec_of(name).anchored:
        assert_close(of(drawn * 8), (value * 8, gradient * 8))


@every_loss_of_scores
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_huge_scores_stay_finite_and_an_inverted_pair_keeps_its_gradient(name, dtype):
    arguments = {"num_neg": 1} if name.startswith("rank_") and name not in LIST_NAMES else {}
    scores = torch.tensor([-1e4, 1e4], dtype=dtype)
    value, gradient = value_and_gradient(loss_of(name), scores, torch.tensor([1, 0]), **arguments)
    assert value.dtype == gradient.dtype == dtype
    assert gradient.isfinite().all()
    assert value.isfinite() or (spec_of(name).overflows and dtype == torch.float16)
    assert gradient[0] < 0 < gradient[1] or spec_of(name).saturates


@every_loss
def test_low_precision_gives_the_float32_value_rounded(name):
    call = draw(name)
    for dtype in (torch.bfloat16, torch.float16):
        scores = call.scores.to(dtype)
        low = loss_of(name)(scores, call.labels, **call.tensors)
        assert_close(low, loss_of(name)(scores.float(), call.labels, **call.tensors).to(dtype))


@every_loss
def test_autocast_changes_nothing(name):
    call = draw(name)
    scores = call.scores.float()
    plain = loss_of(name)(scores, call.labels, **call.tensors)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert_close(loss_of(name)(scores, call.labels, **call.tensors), plain)


@pytest.mark.parametrize("name", [n for n in NAMES if not spec_of(n).has_constant_factors])
def test_the_gradient_is_that_of_the_value(name):
    call = draw(name)

    def value(scores):
        return loss_of(name)(scores, call.labels, **call.tensors, reduction="none")

    assert torch.autograd.gradcheck(value, call.scores.requires_grad_())


@every_loss
def test_meta_tensors_go_forward_and_backward(name):
    call = draw(name)
    scores = call.scores.to("meta").requires_grad_()
    tensors = {key: x.to("meta") for key, x in call.tensors.items()}
    value = loss_of(name)(scores, call.labels.to("meta"), **tensors)
    assert torch.autograd.grad(value, scores)[0].shape == scores.shape


@every_list_loss
def test_ragged_meta_tensors_go_forward_and_backward(name):
    scores = torch.zeros(5, device="meta", requires_grad=True)
    lengths = torch.tensor([2, 3]).to("meta")
    labels = torch.zeros(5, device="meta")
    value = loss_of(name)(scores, labels, lengths=lengths, weights=labels)
    assert torch.autograd.grad(value, scores)[0].shape == scores.shape


@every_loss
def test_compiled_without_a_graph_break_it_gives_the_same(name):
    call = draw(name)
    loss = loss_of(name)
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager", dynamic=False)
    calls = [(call.scores, call.labels, call.tensors)]
    if name in LIST_NAMES:
        flat = call.scores.flatten(), call.labels.flatten()
        calls.append((*flat, {"lengths": torch.tensor([7, 0, 13])}))
    for scores, labels, tensors in calls:
        expected = value_and_gradient(loss, scores, labels, **tensors)
        assert_close(value_and_gradient(compiled, scores, labels, **tensors), expected)


@every_loss
def test_nan_in_gives_nan_out(name):
    call = draw(name)
    call.scores[-1] = torch.nan
    assert loss_of(name)(call.scores, call.labels, **call.tensors).isnan()


@every_loss
def test_anomaly_detection_finds_nothing(name):
    call = draw(name)
    with torch.autograd.set_detect_anomaly(True):
        _, gradient = value_and_gradient(loss_of(name), call.scores, call.labels, **call.tensors)
    assert gradient.isfinite().all()


@every_list_loss
def test_a_column_of_scores_is_refused(name):
    with pytest.raises(ValueError, match="squeeze"):
        loss_of(name)(torch.zeros(5, 1), torch.zeros(5, 1))


@every_loss
def test_an_unknown_reduction_is_named(name):
    call = draw(name)
    with pytest.raises(ValueError, match=r"reduction must be one of .*'none'.*; got 'average'"):
        loss_of(name)(call.scores, call.labels, **call.tensors, reduction="average")
