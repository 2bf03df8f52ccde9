"""What an exported model makes of rows: the encoder's numbers, or one clear line."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from ltr.exported import Exported, ExportedError
from ltr.exported.columns import encode
from pipelines.encoder import Encoder
from tests.scoring.golden import Golden

NUMBERS = ["hour", "price", "f1", "f2", "f3", "f4", "f5"]
HOSTILE = [None, float("nan"), float("inf"), -float("inf"), 1e300, -1e38, 1e-310, -0.0, 0.0, 3.5]
IDS = [None, "", "i3", "i3 ", "\x00", "schön", "🙂" * 50, "1", "true", "i7"]
LISTS = [None, [], [None], ["t1", "t1", None, "t2", "?"], ["t7"], [""], ["t1"] * 9, ["t3"], [], []]


@pytest.fixture(scope="module")
def exported(golden) -> Exported:
    return Exported.load(golden.run / "model.ltr")


@pytest.fixture
def rows(golden: Golden) -> dict[str, list[Any]]:
    return golden.frame.head(5).to_dict(as_series=False)


def hostile() -> pl.DataFrame:
    columns: dict[str, Any] = dict.fromkeys(NUMBERS, HOSTILE)
    columns |= dict.fromkeys(("item", "user", "shop", "brand"), IDS)
    columns |= {"history": LISTS[::-1], "tags": LISTS, "device": [0, None, -7, 2**62, *range(6)]}
    return pl.DataFrame(columns, strict=False).with_columns(request=pl.lit("q"))


def test_any_rows_are_encoded_as_the_encoder_does(golden, exported):
    frame = hostile()
    encoder = Encoder.load(golden.model / "encoder")
    wanted = encoder.transform(encoder.from_log(frame.lazy(), "request")).collect()
    documents = {one.name for one in exported.columns if one.side == "document"}
    for name, values in encode(
        exported.columns, frame.to_dict(as_series=False), np.array([10])
    ).numbers.items():
        rows = wanted if name.partition("/")[2].split(":")[0] in documents else wanted.head(1)
        np.testing.assert_allclose(values, rows[name], rtol=1e-6, err_msg=name)


def test_any_ids_get_the_numbers_that_the_encoder_gives(golden, exported):
    frame = hostile()
    encoder = Encoder.load(golden.model / "encoder")
    wanted = encoder.transform(encoder.from_log(frame.lazy(), "request")).collect()
    # Each row is a list of its own, so that the queries' values count, too.
    found = encode(exported.columns, frame.to_dict(as_series=False), np.ones(10, np.int64)).ids
    assert set(found) == {name for name in wanted.columns if not wanted[name].dtype.is_float()} - {
        "query_id"
    }
    for name, (numbers, lengths) in found.items():
        if lengths is None:
            assert numbers.tolist() == wanted[name].to_list()
        else:
            assert numbers.tolist() == [one for row in wanted[name] for one in row]
            assert lengths.tolist() == wanted[name].list.len().to_list()


def test_arrays_of_numpy_are_taken_as_lists_are(exported, rows):
    arrays = {
        name: np.array(values, dtype=object if name in ("history", "tags") else None)
        for name, values in rows.items()
    }
    assert exported.score(arrays).tolist() == exported.score(rows).tolist()


def test_a_column_may_be_named_with_its_side(exported, rows):
    renamed = rows | {"document/price": rows["price"], "query/user": rows["user"]}
    del renamed["price"], renamed["user"]
    assert exported.score(renamed).tolist() == exported.score(rows).tolist()


def change(name: str, value: Any) -> Any:
    return lambda rows: rows | {name: value}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: {n: v for n, v in rows.items() if n != "price"}, "'price' is missing"),
        (change("price", [1.0]), "'price' must have 5 values, one per document; got 1"),
        (change("user", ["u"] * 2), "'user' must have 1 values, one per list, or 5 .*; got 2"),
        (change("price", ["1.5"] * 5), "'price' must hold one number per row; got <U3"),
        (change("price", [1.0, "x", None, 2, 3]), "'price' must hold one number per row"),
        (change("price", [[1.0]] * 5), "'price' must hold one number per row"),
        (change("item", [1.5] * 5), "'item' must hold text, whole numbers or booleans; got 1.5"),
        (change("tags", ["red"] * 5), "'tags' must hold lists of ids; got 'red'"),
        (change("tags", [[2.5]] * 5), "'tags' must hold text, whole numbers or booleans; got 2.5"),
    ],
)
def test_rows_that_cannot_be_read_are_refused_in_one_line(exported, rows, spoil, message):
    with pytest.raises(ExportedError, match=message) as error:
        exported.score(spoil(rows), [5])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("lengths", [[-1, 6], [2.5, 2.5], [[5]], ["5"]])
def test_lengths_must_be_whole_numbers(exported, rows, lengths):
    with pytest.raises(ExportedError, match="lengths must be whole numbers of at least 0"):
        exported.score(rows, lengths)
