"""The quick encoding of scoring is the encoder's own."""

import numpy as np
import polars as pl
import pytest

from pipelines.encoder import Encoder
from pipelines.encoder._vocabulary import Vocabulary
from pipelines.scoring._encoded import Encoding
from pipelines.scoring._index import FEW, Index, IndexedVocabulary
from pipelines.scoring._lists import RowsOfLists
from tests.scoring.golden import made_log

KNOWN = pl.Series("id", ["7", "007", "-3", "", "b", "true", "9223372036854775808", "é"])
ODD = [None, float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1e-40, 3.5e38, -1e300, -2.5]


@pytest.mark.parametrize("lists", [3, 400])
def test_columns_are_those_of_the_encoder(attention, lists):
    encoder = Encoder.load(attention.model / "encoder")
    frame = made_log(lists, seed=11)
    odd = np.random.default_rng(0).integers(0, 3 * len(ODD), frame.height)
    for name in ("price", "f1", "f2", "f3", "f4", "f5"):
        drawn = [ODD[n] if n < len(ODD) else v for n, v in zip(odd, frame[name], strict=True)]
        frame = frame.with_columns(pl.Series(name, drawn, pl.Float64))
    rows = RowsOfLists.of(frame["request"])
    assert (frame.height > FEW) == (lists == 400)
    expected = encoder.transform(encoder.from_log(frame.lazy(), "request")).collect()
    found = Encoding.of(encoder).encode(frame, rows)
    assert set(found) == {name for feature in encoder.features() for name in feature.columns}
    for name, column in found.items():
        own = expected[name][rows.starts] if name.startswith("query/") else expected[name]
        if column.offsets is None:
            np.testing.assert_allclose(column.values, own.to_numpy(), rtol=2e-7, atol=0)
        else:
            assert column.values.tolist() == own.explode(empty_as_null=False).to_list(), name
            assert column.offsets.diff().tolist() == own.list.len().to_list()


ASKED = {
    "text": pl.Series(["7", "007", None, "b", "nobody", "é", ""]),
    "whole": pl.Series([7, -3, None, 0, 8, 2**62]),
    "small whole": pl.Series([7, -3, None, 0], dtype=pl.Int8),
    "large whole": pl.Series([7, 2**63, None], dtype=pl.UInt64),
    "boolean": pl.Series([True, False, None]),
    "numbered": pl.Series(["b", "7", None, "nobody"], dtype=pl.Categorical),
    "few of many": pl.Series(["b", None], dtype=pl.Enum([*"abcdefgh"])),
    "nothing": pl.Series([None, None]),
}


@pytest.mark.parametrize("times", [1, FEW])
@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_an_indexed_vocabulary_is_the_vocabulary(asked, times):
    numbers = np.array([3, 1, 2, 9, 4, 5, 6, 7])
    plain = Vocabulary(KNOWN, numbers, 10)
    many = pl.concat([asked] * times)
    expected = plain.encode(many.cast(pl.String))
    indexed = IndexedVocabulary.of(plain)
    assert indexed.encode(many).tolist() == expected.tolist()
    assert indexed.ranks(many).tolist() == plain.ranks(many.cast(pl.String)).tolist()


def test_a_vocabulary_may_be_empty():
    empty = IndexedVocabulary.of(Vocabulary(pl.Series([], dtype=pl.String), np.zeros(0, int), 1))
    assert empty.encode(pl.Series(["a", None] * FEW)).tolist() == [0, 0] * FEW
    assert empty.encode(pl.Series([1, 2])).tolist() == [0, 0]


def test_an_index_finds_what_is_there_and_nothing_else():
    random = np.random.default_rng(1)
    # All begin with the same bits, so that each is looked for behind many others.
    near = random.permutation(np.arange(1000, dtype=np.uint64))
    ends = np.array([0, 2**64 - 1], np.uint64)
    for digests in (near, random.integers(0, 2**64, 5000, dtype=np.uint64), ends[:1], ends[1:]):
        index = Index.of(np.unique(digests))
        known = np.unique(digests)
        asked = np.concatenate([known, digests ^ np.uint64(2**63), ends])
        places = {int(d): n for n, d in enumerate(known)}
        expected = [places.get(int(d), len(known)) for d in asked]
        assert index.find(asked).tolist() == expected


@pytest.mark.parametrize(
    "queries",
    [
        ["a", "a", "b"],
        ["b", "a", "b", "a", "a", None, "b"],
        [None, None],
        [None, "a", "a", None],
        [3, 3, 1, 1, 3],
        [],
    ],
)
def test_rows_of_lists_are_found_wherever_they_stand(queries):
    series = pl.Series(queries, dtype=None if queries else pl.String)
    found = RowsOfLists.of(series)
    expected: dict[object, list[int]] = {}
    for number, query in enumerate(queries):
        if query is not None:
            expected.setdefault(query, []).append(number)
    lists = [
        found.rows[start : start + length].tolist()
        for start, length in zip(found.starts, found.lengths, strict=True)
    ]
    assert lists == list(expected.values())
    flat = [number for rows in expected.values() for number in rows]
    assert found.is_whole == (flat == list(range(len(queries))))
