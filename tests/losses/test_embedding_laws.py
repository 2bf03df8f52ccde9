"""What holds for every loss over embeddings, besides the laws of every loss."""

import pytest
import torch
from torch.testing import assert_close

from tests.losses.specs import EMBEDDING_NAMES, draw, function_of, loss_of, spec_of, takes

OF_PAIRS = [name for name in EMBEDDING_NAMES if takes(name, "labels")]
OF_VECTOR_PAIRS = [name for name in EMBEDDING_NAMES if takes(name, "left")]
OF_CLASSES = [name for name in EMBEDDING_NAMES if takes(name, "classes")]

every_embedding_loss = pytest.mark.parametrize("name", EMBEDDING_NAMES)
every_loss_of_pairs = pytest.mark.parametrize("name", OF_PAIRS)
every_loss_of_vector_pairs = pytest.mark.parametrize("name", OF_VECTOR_PAIRS)
every_loss_of_classes = pytest.mark.parametrize("name", OF_CLASSES)
DTYPES = [torch.float32, torch.bfloat16, torch.float16, torch.float64]


def value_and_gradient(name, embeddings, labels, **others):
    embeddings = embeddings.detach().clone().requires_grad_()
    value = loss_of(name)(embeddings, labels, **others)
    (gradient,) = torch.autograd.grad(value.sum(), embeddings)
    return value.detach(), gradient


def test_every_embedding_loss_is_over_pairs_classes_or_towers():
    assert {*OF_PAIRS, *OF_CLASSES, "in_batch_softmax"} == set(EMBEDDING_NAMES)


@every_embedding_loss
def test_an_empty_batch_gives_exactly_0(name):
    call = draw(name)
    none = {key: x[:0] for key, x in call.tensors.items()}
    value, gradient = value_and_gradient(name, call.scores[:0], call.labels[:0], **none)
    assert value.item() == 0.0
    assert gradient.shape == call.scores[:0].shape


@every_loss_of_classes
@pytest.mark.parametrize("classes", [[1, 1, 1], [0, 1, 2], [5]])
def test_a_batch_without_a_positive_or_a_negative_gives_exactly_0_and_a_zero_gradient(
    name, classes
):
    embeddings = draw(name).scores[: len(classes)]
    value, gradient = value_and_gradient(name, embeddings, torch.tensor(classes))
    assert value.item() == 0.0
    assert gradient.eq(0).all()


@every_loss_of_pairs
def test_pairs_of_no_weight_give_exactly_0_and_a_zero_gradient(name):
    call = draw(name)
    weights = torch.zeros(len(call.labels))
    value, gradient = value_and_gradient(
        name, call.scores, call.labels, **call.tensors, weights=weights
    )
    assert value.item() == 0.0
    assert gradient.eq(0).all()


@every_loss_of_pairs
def test_a_pair_gives_its_value_in_any_company(name):
    call = draw(name)
    values = loss_of(name)(call.scores, call.labels, **call.tensors, reduction="none")
    alone = [
        loss_of(name)(
            call.scores[i : i + 1],
            call.labels[i : i + 1],
            **{key: x[i : i + 1] for key, x in call.tensors.items()},
        )
        for i in range(len(call.labels))
    ]
    assert_close(values, torch.stack(alone))


@every_loss_of_classes
def test_order_and_names_of_classes_are_irrelevant(name):
    call = draw(name)
    order = torch.tensor([4, 0, 6, 2, 1, 5, 3])
    value, gradient = value_and_gradient(name, call.scores, call.labels)
    renamed = value_and_gradient(name, call.scores[order], 70 - 3 * call.labels[order])
    assert_close(renamed, (value, gradient[order]))


@every_loss_of_classes
def test_a_rotation_of_the_space_changes_nothing(name):
    call = draw(name)
    turn = torch.linalg.qr(torch.tensor([[1.0, 2, 3], [0, 1, 4], [5, 6, 0]]).double()).Q
    value, gradient = value_and_gradient(name, call.scores, call.labels)
    assert_close(
        value_and_gradient(name, call.scores @ turn, call.labels), (value, gradient @ turn)
    )


@every_loss_of_vector_pairs
def test_left_and_right_are_alike(name):
    call = draw(name)
    left, right = call.scores, call.tensors["right"]
    value, gradient = value_and_gradient(name, left, call.labels, right=right)
    swapped, _ = value_and_gradient(name, right, call.labels, right=left)
    assert_close(swapped, value)
    right = right.clone().requires_grad_()
    (of_right,) = torch.autograd.grad(loss_of(name)(left, call.labels, right=right), right)
    assert_close(value_and_gradient(name, right, call.labels, right=left)[1], of_right)
    assert not torch.equal(gradient, of_right)


@pytest.mark.parametrize("name", [*OF_VECTOR_PAIRS, *OF_CLASSES])
@pytest.mark.parametrize("fill", [0.0, 0.7])
def test_equal_embeddings_have_a_finite_gradient(name, fill):
    call = draw(name)
    equal = torch.full_like(call.scores, fill)
    others = {key: torch.full_like(x, fill) for key, x in call.tensors.items()}
    value, gradient = value_and_gradient(name, equal, call.labels, **others)
    assert value.isfinite()
    assert gradient.isfinite().all()


@every_loss_of_vector_pairs
@pytest.mark.parametrize("dtype", DTYPES)
def test_huge_pairs_stay_finite_and_a_wrong_one_keeps_its_gradient(name, dtype):
    # A square of 1e4 is beyond float16.
    size = 100.0 if name == "contrastive" else 1e4
    left = torch.tensor([[size, 0.0], [0.0, size]], dtype=dtype)
    right = torch.tensor([[-size, size], [size, size]], dtype=dtype) / 2
    value, gradient = value_and_gradient(
        name, left, torch.tensor([1, -1]), right=right, margin=0.0 if size > 1e3 else 200.0
    )
    assert value.dtype == gradient.dtype == dtype
    assert value.isfinite()
    assert gradient.isfinite().all()
    assert gradient.ne(0).any(-1).all()


@every_loss_of_classes
@pytest.mark.parametrize("dtype", DTYPES)
def test_huge_batches_stay_finite_and_a_wrong_one_keeps_its_gradient(name, dtype):
    size = 100.0 if spec_of(name).arguments.get("squared") else 1e4
    # Each is nearest to one of the other class.
    rows = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1], [0.1, 1.0]]) * size
    value, gradient = value_and_gradient(name, rows.to(dtype), torch.tensor([0, 0, 1, 1]))
    assert value.dtype == gradient.dtype == dtype
    assert value.isfinite()
    assert gradient.isfinite().all()
    assert gradient.ne(0).any(-1).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_scores_of_1e4_between_towers_stay_finite_and_keep_their_gradient(dtype):
    queries = torch.tensor([[100.0, 0.0], [0.0, 100.0]], dtype=dtype, requires_grad=True)
    value = function_of("in_batch_softmax")(queries, queries.detach().flip(0))
    (gradient,) = torch.autograd.grad(value, queries)
    assert value.item() == pytest.approx(1e4, rel=0.01)
    assert gradient.ne(0).all()


@pytest.mark.parametrize("name", ["in_batch_softmax", *OF_VECTOR_PAIRS])
def test_the_second_embeddings_have_a_gradient_too(name):
    call = draw(name)
    key = "right" if "right" in call.tensors else "documents"
    others = {k: x for k, x in call.tensors.items() if k != key}

    def value(second):
        return loss_of(name)(call.scores, call.labels, **others, **{key: second}, reduction="none")

    assert torch.autograd.gradcheck(value, call.tensors[key].requires_grad_())
