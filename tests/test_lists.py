"""The operations of lists, each layout against a loop over the lists."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from ltr.lists import arrange, reduce

LENGTHS = [3, 0, 1, 4]
PER_LIST: dict[str, Callable[[Tensor], Tensor]] = {
    "sum": torch.sum,
    "max": torch.max,
    "logsumexp": lambda x: x.logsumexp(0),
    "span": lambda x: x.max() - x.min(),
}
PER_DOCUMENT: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": lambda x: x.softmax(0),
    "log_softmax": lambda x: x.log_softmax(0),
    "cumsum": lambda x: x.cumsum(0),
    "logcumsumexp": lambda x: x.logcumsumexp(0),
    "rank": lambda x: x.argsort(stable=True, descending=True).argsort() + 1,
}


def ragged(x, lengths):
    return arrange(x, torch.zeros_like(x), lengths=torch.tensor(lengths)), slice(None)


def padded(x, lengths):
    """With padding before, between and after the documents, filled with NaN."""
    width = 2 * max([*lengths, 0]) + 1
    mask = torch.zeros(len(lengths), width, dtype=torch.bool)
    for row, length in enumerate(lengths):
        mask[row, 1 : 2 * length : 2] = True
    rows = torch.full(mask.shape, torch.nan, dtype=x.dtype).masked_scatter(mask, x)
    return arrange(rows, torch.zeros_like(rows), mask=mask), mask


LAYOUTS = pytest.mark.parametrize("layout", [ragged, padded])


def parts_of(x, lengths):
    return [part for part in x.split(lengths) if len(part)]


@st.composite
def columns(draw):
    lengths = draw(st.lists(st.integers(0, 5), min_size=1, max_size=5))
    values = st.integers(-6, 6)
    x = draw(st.lists(values, min_size=sum(lengths), max_size=sum(lengths)))
    return torch.tensor(x, dtype=torch.float64) / 2, lengths


@LAYOUTS
@pytest.mark.parametrize("name", PER_LIST)
@given(columns())
@settings(max_examples=30, deadline=None)
def test_a_value_per_list_is_that_of_each_list_alone_and_0_for_none(layout, name, column):
    docs, _ = layout(*column)
    found = getattr(docs.lists, name)(docs.scores)
    expected = [PER_LIST[name](part) if len(part) else 0.0 for part in column[0].split(column[1])]
    assert_close(found, torch.tensor(expected, dtype=torch.float64))


@LAYOUTS
@pytest.mark.parametrize("name", PER_DOCUMENT)
@given(columns())
@settings(max_examples=30, deadline=None)
def test_a_value_per_document_is_that_of_its_list_alone(layout, name, column):
    docs, real = layout(*column)
    found = getattr(docs.lists, name)(docs.scores)
    assert found.isfinite().all()
    expected = [PER_DOCUMENT[name](part) for part in column[0].split(column[1])]
    assert_close(found[real], torch.cat(expected))


@LAYOUTS
@pytest.mark.parametrize("name", ["cumsum", "logcumsumexp"])
@given(columns())
@settings(max_examples=30, deadline=None)
def test_running_values_also_come_from_the_end(layout, name, column):
    docs, real = layout(*column)
    found = getattr(docs.lists, name)(docs.scores, reverse=True)
    expected = [PER_DOCUMENT[name](part.flip(0)).flip(0) for part in column[0].split(column[1])]
    assert_close(found[real], torch.cat(expected))


@LAYOUTS
@pytest.mark.parametrize("descending", [True, False])
@given(columns())
@settings(max_examples=30, deadline=None)
def test_take_in_order_sorts_each_list_with_its_padding_last(layout, descending, column):
    docs, _ = layout(*column)
    lists = docs.lists
    taken = lists.take(docs.scores, lists.argsort(docs.scores, descending=descending))
    expected = [part.sort(descending=descending).values for part in column[0].split(column[1])]
    kept = lists.packed.keep(torch.ones_like(taken)) > 0
    assert_close(taken[kept], torch.cat(expected))
    assert_close(lists.packed.sum(taken), lists.sum(docs.scores))


@LAYOUTS
def test_spread_counts_and_ids(layout):
    docs, real = layout(torch.arange(8.0), LENGTHS)
    assert docs.lists.counts().tolist() == LENGTHS
    assert docs.lists.spread(torch.tensor([5, 6, 7, 8]))[real].tolist() == [5] * 3 + [7] + [8] * 4
    assert docs.lists.ids()[real].tolist() == [0] * 3 + [2] + [3] * 4
    assert docs.lists.shape == (4,)


def test_padding_has_the_number_after_the_last_list():
    docs, real = padded(torch.arange(8.0), LENGTHS)
    assert docs.lists.ids()[~real].unique().tolist() == [4]


@LAYOUTS
@pytest.mark.parametrize("name", [*PER_LIST, *sorted(set(PER_DOCUMENT) - {"rank"})])
def test_gradients_are_right_and_padding_has_none(layout, name):
    x = torch.randn(8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    docs, real = layout(x, LENGTHS)
    operation = getattr(docs.lists, name)
    scores = docs.scores.requires_grad_()
    assert torch.autograd.gradcheck(operation, scores)
    with torch.autograd.set_detect_anomaly(True):
        (gradient,) = torch.autograd.grad(operation(scores).sum(), scores)
    gradient[real] = 0
    assert gradient.eq(0).all()


@LAYOUTS
@pytest.mark.parametrize("name", [*PER_LIST, *PER_DOCUMENT])
def test_every_operation_runs_on_meta_tensors_and_compiles_whole(layout, name):
    x = torch.randn(8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    docs, _ = layout(x, LENGTHS)
    layout_of = {"lengths": docs.lists.counts()} if layout is ragged else {"mask": docs.lists.mask}

    def value(scores, **tensors):
        docs = arrange(scores, scores, **tensors)
        return getattr(docs.lists, name)(docs.scores).double().sum() + docs.scores.sum()

    torch.compiler.reset()
    compiled = torch.compile(value, fullgraph=True, backend="aot_eager", dynamic=False)
    assert_close(compiled(docs.scores, **layout_of), value(docs.scores, **layout_of))
    meta = docs.scores.to("meta").requires_grad_()
    loss = value(meta, **{key: tensor.to("meta") for key, tensor in layout_of.items()})
    assert torch.autograd.grad(loss, meta)[0].shape == meta.shape


def test_one_list_is_padded_of_one_row():
    docs = arrange(torch.arange(3.0), torch.ones(3), torch.ones(3))
    assert docs.scores.shape == docs.labels.shape == docs.weigh(docs.scores).shape == (1, 3)
    assert docs.lists.sum(docs.weigh(docs.scores)).tolist() == [3.0]


def test_inputs_are_computed_in_float32_or_float64():
    for given_as, work in [("bfloat16", "float32"), ("float16", "float32"), ("float64", "float64")]:
        docs = arrange(torch.zeros(3, dtype=getattr(torch, given_as)), torch.ones(3).bool())
        assert docs.scores.dtype == docs.labels.dtype == getattr(torch, work)


S = torch.zeros(4)


@pytest.mark.parametrize(
    ("scores", "labels", "layout", "match"),
    [
        (S.int(), S, {}, "scores must be floating point; got torch.int32"),
        (S[0], S[0], {}, "a dimension of documents"),
        (S, S[:3], {}, r"labels must have the shape of scores, \[4\]; got \[3\]"),
        (S, S, {"weights": S[:3]}, r"weights must have the shape of scores, \[4\]; got \[3\]"),
        (S[:, None], S[:, None], {}, r"shape \[4, 1\].*squeeze"),
        (S, S, {"mask": S}, "mask must be bool, True = a real document; got torch.float32"),
        (S, S, {"mask": S[:3] > 0}, r"mask must have the shape of scores, \[4\]; got \[3\]"),
        (S, S, {"lengths": S}, "lengths must be integers .*; got torch.float32"),
        (S, S, {"lengths": torch.ones(2, 2).long()}, r"integers \[lists\]; got .* \[2, 2\]"),
        (S, S, {"lengths": torch.tensor([2, 3])}, "add up to the 4 scores; got 5"),
        (S, S, {"lengths": torch.tensor([5, -1])}, "must not be negative; got -1"),
        (S.view(2, 2), S.view(2, 2), {"lengths": torch.tensor([2, 2])}, r"got shape \[2, 2\]"),
        (S, S, {"lengths": torch.tensor([4]), "mask": S > 0}, "got both lengths and mask"),
    ],
)
def test_inputs_that_do_not_fit_are_named(scores, labels, layout, match):
    with pytest.raises(ValueError, match=match):
        arrange(scores, labels, **layout)


def test_a_column_with_a_mask_is_meant():
    assert arrange(S[:, None], S[:, None], mask=S[:, None] == 0).lists.shape == (4,)


def test_reduce_divides_by_the_lists_that_count_and_casts():
    values, counted = torch.tensor([2.0, 0.0, 4.0]), torch.tensor([True, False, True])
    mean, total, each = (
        reduce(values, counted, kind, torch.bfloat16) for kind in ("mean", "sum", "none")
    )
    assert [mean.item(), total.item(), each.tolist()] == [3.0, 6.0, [2.0, 0.0, 4.0]]
    assert mean.dtype == total.dtype == each.dtype == torch.bfloat16
    assert reduce(values * 0, counted & False, "mean", torch.float32).item() == 0.0


@LAYOUTS
@given(columns())
@settings(max_examples=30, deadline=None)
def test_documents_of_a_list_share_a_row_and_come_back_from_it(layout, column):
    docs, real = layout(*column)
    rows = docs.lists.rows(docs.scores, fill=-99.0)
    assert_close(docs.lists.from_rows(rows)[real], column[0])
    parts = [row[row != -99.0] for row in rows]
    assert_close(torch.cat(parts), column[0])
    assert [len(part) for part in parts] == column[1]
    assert docs.lists.same_list() is None


def test_ragged_lists_share_one_row_where_the_longest_is_not_known():
    lists = arrange(S.to("meta"), S.to("meta"), lengths=torch.tensor([1, 3]).to("meta")).lists
    rows = lists.rows(S.to("meta"))
    same = lists.same_list()
    assert rows.shape == (1, 4)
    assert same is not None
    assert same.shape == (1, 4, 4)
    assert lists.from_rows(rows).shape == (4,)
