"""Tables in fewer bits, and what is looked up in them."""

import numpy as np
import pytest
import torch
from torch.nn.functional import embedding_bag

from ltr.exported.tables import Table, pooled
from ltr.towers.quantise import TABLE_FORMS, quantised


def table_of(weights: torch.Tensor, form: str) -> Table:
    parts = quantised(weights, form)  # type: ignore[arg-type]
    codes = parts[""]
    bits = codes.view(torch.uint16) if codes.dtype == torch.bfloat16 else codes
    rest = {name: part.numpy() for name, part in parts.items() if name}
    return Table(bits.numpy(), **rest)


@pytest.fixture
def weights() -> torch.Tensor:
    return torch.randn(50, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("mean", [True, False])
def test_rows_are_pooled_as_torch_pools_them(weights, mean):
    lengths = np.array([0, 3, 1, 0, 0, 7, 2, 0])
    ids = np.arange(13) * 7 % 50
    offsets = torch.from_numpy(np.cumsum(lengths) - lengths)
    mode = "mean" if mean else "sum"
    wanted = embedding_bag(torch.from_numpy(ids), weights, offsets, mode=mode)
    found = pooled(table_of(weights, "float32"), ids, lengths, mean=mean)
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-6)
    nothing = pooled(table_of(weights, "float32"), ids[:0], np.zeros(3, np.int64), mean=mean)
    assert nothing.tolist() == [[0.0] * 8] * 3


@pytest.mark.parametrize("mean", [True, False])
def test_each_vector_counts_by_its_weight(weights, mean):
    lengths, ids = np.array([2, 0, 3, 2, 1]), np.arange(8)
    given = np.array([1, 3, 0.5, 0, 2, 0, 0, 3e37], np.float32)
    found = pooled(table_of(weights, "float32"), ids, lengths, given, mean=mean)
    vectors = np.split(weights[:8].double().numpy(), [2, 5, 7])
    of_rows = np.split(given.astype(np.float64), [2, 5, 7])
    sums = [own @ row for own, row in zip(of_rows, vectors, strict=True)]
    totals = [max(own.sum(), 1e-9) if mean else 1 for own in of_rows]
    wanted = [row / total for row, total in zip(sums, totals, strict=True)]
    np.testing.assert_allclose(found[[0, 2, 3, 4]], wanted, rtol=1e-5)
    assert not found[[1, 3]].any()


@pytest.mark.parametrize("mean", [True, False])
def test_weights_of_one_give_what_no_weights_give(weights, mean):
    lengths, ids = np.array([2, 0, 3]), np.arange(5)
    table, ones = table_of(weights, "int8"), np.ones(5, np.float32)
    found = pooled(table, ids, lengths, ones, mean=mean)
    np.testing.assert_allclose(found, pooled(table, ids, lengths, mean=mean), atol=1e-6)


def test_a_sum_that_is_too_large_is_told_by_the_scores_alone(weights):
    table, huge = table_of(weights, "float32"), np.full(50, 3e38, np.float32)
    found = pooled(table, np.arange(50), np.array([25, 25]), huge, mean=False)
    assert not np.isfinite(found).all()


def test_eight_bits_move_a_value_by_half_a_step_at_most(weights):
    weights[3], weights[4] = 0.25, 0.0
    weights[5, 0] = 1000.0
    found = table_of(weights, "int8").rows(np.arange(50))
    step = (weights.amax(1) - weights.amin(1)) / 255
    assert (np.abs(found - weights.numpy()).max(1) <= step.numpy() * 0.501 + 1e-6).all()
    assert (found[3] == 0.25).all()
    assert (found[4] == 0.0).all()


def test_bfloat16_is_the_nearest_one(weights):
    found = table_of(weights, "bf16").rows(np.arange(50))
    assert (found == weights.bfloat16().float().numpy()).all()


def test_a_table_of_no_rows_of_interest_gives_none(weights):
    for form in TABLE_FORMS:
        assert table_of(weights, form).rows(np.zeros(0, np.int64)).shape == (0, 8)
