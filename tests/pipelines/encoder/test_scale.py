import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from pipelines.config import Column, Features, Scale, SideFeatures
from pipelines.encoder import Counts, Encoder

TRAIN = [2.0, -1.0, 2.0, None, 5.0, float("nan"), float("inf")]
MEAN, DEVIATION = 2.0, math.sqrt(4.5)
SCALES: tuple[Scale, ...] = (
    "standard", "minmax", "uniform", "normal", "list_minmax", "list_standard", "none",
)  # fmt: skip


def scaled(later, train=TRAIN, **chosen):
    side = SideFeatures(numbers=("x",), columns={"x": Column(**chosen)})
    features = Features(document=side)
    encoder = Encoder.fit(Counts.of(rows(train), features), features)
    return encoder.transform(rows(later)).collect()


def rows(values):
    schema = {"query_id": pl.String, "document/x": pl.Float64}
    return pl.LazyFrame([["q"] * len(values), values], schema=schema)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [0.0, -3 / DEVIATION, 3 / DEVIATION, 10.0, 0.0]),
        ({"deviations": 1.0}, [0.0, -1.0, 1.0, 1.0, 0.0]),
        ({"scale": "minmax"}, [0.5, 0.0, 1.0, 1.0, 0.5]),
        ({"scale": "uniform"}, [0.0, -0.75, 0.75, 0.75, 0.0]),
        ({"scale": "normal"}, [0.0, norm.ppf(1 / 8), norm.ppf(7 / 8), norm.ppf(7 / 8), 0.0]),
        ({"scale": "none"}, [2.0, -1.0, 5.0, 1000.0, 0.0]),
        ({"scale": "none", "clip": (0, 4)}, [2.0, 0.0, 4.0, 4.0, 0.0]),
        ({"scale": "minmax", "clip": (0, 4)}, [0.5, 0.0, 1.0, 1.0, 0.5]),
        ({"scale": "none", "log1p": True}, [*np.log([3, 1 / 2, 6, 1001]), 0.0]),
        ({"scale": "list_minmax"}, [3 / 1001, 0.0, 6 / 1001, 1.0, 0.0]),
    ],
)  # fmt: skip
def test_a_scale_computes_its_formula(settings, expected):
    got = scaled([2.0, -1.0, 5.0, 1000.0, None], **settings)["document/x"]
    assert got.dtype == pl.Float32
    assert got.to_list() == pytest.approx(expected, abs=1e-6)


def test_the_scale_is_fitted_on_what_clip_and_logarithm_leave():
    values = [1.0, 3.0, 1e6]
    clipped = np.log1p([1.0, 3.0, 100.0])
    expected = (clipped - clipped.mean()) / clipped.std()
    got = scaled(values, values, clip=(0, 100), log1p=True)["document/x"].to_list()
    assert got == pytest.approx(expected.tolist(), abs=1e-6)


def test_a_rank_between_two_values_lies_on_the_line_between_them():
    assert scaled([0.5, 3.5], scale="uniform")["document/x"].to_list() == [-0.375, 0.375]


def test_an_indicator_says_where_a_value_is_missing_or_not_finite():
    got = scaled([1.0, None, float("nan"), float("inf"), 1e300], missing=True)
    assert got.columns == ["query_id", "document/x", "document/x:missing"]
    assert got["document/x:missing"].to_list() == [0, 1, 1, 1, 1]
    assert got["document/x:missing"].dtype == pl.Float32


def test_what_is_nearer_to_zero_than_floats_of_32_bits_is_zero():
    assert scaled([1e-300, 1e-38], [0.0, 1e-300], scale="minmax")["document/x"].to_list() == [0, 0]


any_number = st.none() | st.floats() | st.sampled_from([0.0, 1.0, 3.4e38, 1.2e-38, 5e-324])


@pytest.mark.parametrize("scale", SCALES)
@settings(deadline=None)
@given(
    st.lists(any_number, max_size=8),
    st.lists(any_number, max_size=8),
    st.booleans(),
    st.none() | st.just((-1e38, 5.0)),
)
def test_whatever_comes_in_what_comes_out_is_finite(scale, train, later, log1p, clip):
    got = scaled(later, train, scale=scale, log1p=log1p, clip=clip)["document/x"]
    assert got.is_finite().all()
    assert got.null_count() == 0
