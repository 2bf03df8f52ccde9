import numpy as np
import polars as pl
import pytest

from pipelines.encoder._hashing import hashed


@pytest.mark.parametrize(
    ("text", "digest"),  # of the specification of XXH64, seed 0
    [("", 0xEF46DB3751D8E999), ("a", 0xD24EC4F1A98C6E5B), ("abc", 0x44BC2CF5AD770999)],
)
def test_a_number_is_one_more_than_the_published_hash_modulo_the_buckets(text, digest):
    assert hashed(pl.Series([text]), buckets=2**40).tolist() == [[1 + digest % 2**40]]


def test_golden_numbers_stay_as_they_are():
    ids = pl.Series(["document_1", "ü", "日本", "007"])
    assert hashed(ids, buckets=100, hashes=3).tolist() == [
        [34, 6, 99],
        [46, 79, 24],
        [64, 19, 81],
        [97, 3, 93],
    ]


def test_null_is_zero_and_no_ids_are_no_rows():
    assert hashed(pl.Series([None, "x", None], dtype=pl.String), 10).tolist()[0] == [0]
    assert hashed(pl.Series([], dtype=pl.String), 10, 2).shape == (0, 2)
    assert hashed(pl.Series([None], dtype=pl.String), 10, 2).tolist() == [[0, 0]]


def test_ids_spread_over_the_buckets():
    numbers = hashed(pl.Series([f"id{i}" for i in range(10_000)]), buckets=10)[:, 0]
    _, counts = np.unique(numbers, return_counts=True)
    assert len(counts) == 10
    assert counts.min() > 900
