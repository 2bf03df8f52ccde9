import math

import pytest

from ltr.evaluation import weight_diagnostics


def test_the_formulas_written_out():
    found = weight_diagnostics([0.0, 1.0, 2.0, 3.0], clip=2.0)
    assert found.effective_sample_size == pytest.approx(6**2 / (1 + 4 + 9))
    assert (found.mean_weight, found.max_weight, found.zero_overlap, found.clipped) == (
        1.5,
        3,
        1,
        1,
    )


def test_equal_weights_are_worth_all_rows():
    found = weight_diagnostics([0.5] * 300, clip=1)
    assert found.effective_sample_size == pytest.approx(300)
    assert found.top_share == pytest.approx(0.01)


def test_the_heaviest_hundredth_of_the_rows_is_rounded_up():
    assert weight_diagnostics([1.0] * 148 + [26.0, 26.0], clip=1).top_share == pytest.approx(0.26)
    assert weight_diagnostics([1.0, 3.0], clip=1).top_share == pytest.approx(0.75)


def test_the_scale_of_the_weights_leaves_sample_size_and_share():
    one, other = (weight_diagnostics([s, 3 * s, 9 * s], clip=1) for s in (1.0, 1e-3))
    assert one.effective_sample_size == pytest.approx(other.effective_sample_size)
    assert one.top_share == pytest.approx(other.top_share)


def test_no_rows_and_no_weight_are_worth_nothing():
    assert weight_diagnostics([], clip=1).effective_sample_size == 0
    none = weight_diagnostics([0.0, 0.0], clip=1, unsupported=2)
    assert (none.effective_sample_size, none.zero_overlap, none.unsupported) == (0, 2, 2)
    assert math.isnan(none.top_share)


@pytest.mark.parametrize(
    ("weights", "clip", "message"),
    [
        ([[1.0]], 1, r"weights must be \[rows\]; got shape \[1, 1\]"),
        ([1.0, -0.5], 1, "weights must be finite and not negative; got -0.5"),
        ([math.inf], 1, "weights must be finite and not negative; got inf"),
        ([1.0], 0, "clip must be positive; got 0"),
    ],
)
def test_an_argument_out_of_its_range_is_named(weights, clip, message):
    with pytest.raises(ValueError, match=message):
        weight_diagnostics(weights, clip=clip)
