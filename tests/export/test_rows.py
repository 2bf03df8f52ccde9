"""What an exported model makes of rows: the encoder's numbers, or one clear line."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from ltr.exported import Exported, ExportedError
from ltr.exported.columns import encode
from ltr.exported.model import _columns as described
from pipelines.config import Column, Features, SideFeatures
from pipelines.encoder import Counts, Encoder, portable
from tests.scoring.golden import Golden

NUMBERS = ["hour", "price", "f1", "f2", "f3", "f4", "f5"]
NESTED = ["history", "ages", "tags", "words", "counts"]
HOSTILE = [None, float("nan"), float("inf"), -float("inf"), 1e300, -1e38, 1e-310, -0.0, 0.0, 3.5]
IDS = [None, "", "i3", "i3 ", "\x00", "schön", "🙂" * 50, "1", "true", "i7"]
WEIGHTS = [[], None, [2.0], [0, 0.0, -0.0, 1e-46, 3e38], [7], [0.1], [*range(9)], [0], [], None]
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
    columns |= {"history": LISTS[::-1], "tags": LISTS, "words": LISTS, "counts": WEIGHTS}
    columns |= {"ages": WEIGHTS[::-1], "device": [0, None, -7, 2**62, *range(6)]}
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
    made = encode(exported.columns, frame.to_dict(as_series=False), np.ones(10, np.int64))
    kinds = pl.selectors.float() | pl.selectors.by_name("query_id")
    weighted = {f"{name}:weights": weights for name, weights in made.weights.items()}
    assert {*made.ids, *weighted} == set(wanted.select(~kinds).columns)
    for name, weights in weighted.items():
        assert weights.tolist() == [one for row in wanted[name] for one in row]
    for name, (numbers, lengths) in made.ids.items():
        if lengths is None:
            assert numbers.tolist() == wanted[name].to_list()
        else:
            assert numbers.tolist() == [one for row in wanted[name] for one in row]
            assert lengths.tolist() == wanted[name].list.len().to_list()


@pytest.mark.parametrize(
    "own", [{}, {"keep": "frequent"}, {"buckets": 5}, {"buckets": 5, "hashes": 3}]
)
def test_weights_are_cut_and_repeated_with_their_ids(own):
    settings = Column(weights="w", max_length=2, **own)
    side = SideFeatures(id_lists=("x",), columns={"x": settings})
    features = Features(document=side, min_count=1)
    log = pl.DataFrame({"q": "q", "x": LISTS, "w": WEIGHTS}, strict=False)
    rows = log.lazy().select(
        query_id="q", **{"document/x": pl.col("x"), "document/x:weights": pl.col("w")}
    )
    encoder = Encoder.fit(Counts.of(rows, features), features)
    wanted = encoder.transform(rows).collect()
    (record,), arrays = portable(encoder.columns)
    (column,) = described([record], arrays)
    found = encode([column], log.to_dict(as_series=False), np.array([log.height]))
    numbers, lengths = found.ids["document/x"]
    assert numbers.tolist() == wanted["document/x"].explode().drop_nulls().to_list()
    assert lengths is not None
    assert lengths.tolist() == wanted["document/x"].list.len().to_list()
    weights = wanted["document/x:weights"].explode().drop_nulls()
    assert found.weights["document/x"].tolist() == weights.to_list()


def test_arrays_of_numpy_are_taken_as_lists_are(exported, rows):
    arrays = {
        name: np.array(values, dtype=object if name in NESTED else None)
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
        (change("counts", [0.5] * 5), "'counts' must hold lists of numbers; got 0.5"),
        (change("counts", ["1"] * 5), "'counts' must hold lists of numbers; got '1'"),
        (change("tags", [[2.5]] * 5), "'tags' must hold text, whole numbers or booleans; got 2.5"),
    ],
)
def test_rows_that_cannot_be_read_are_refused_in_one_line(exported, rows, spoil, message):
    with pytest.raises(ExportedError, match=message) as error:
        exported.score(spoil(rows), [5])
    assert "\n" not in str(error.value)


def without(*names: str) -> Any:
    return lambda rows: {name: values for name, values in rows.items() if name not in names}


ONE_PER_ID = r"must have one weight per id, finite in 32 bits and at least 0;"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([[1], [1, 2], [], None, [1]], "row 1 of the documents .* has 2 weights for 1 ids"),
        ([[1], [], None, [], [1]], "row 1 of the documents .* has 0 weights for 1 ids"),
        ([[1], [None], [], None, [1]], "row 1 of the documents .* has the weight None"),
        ([[1], [1], [], None, [float("nan")]], "row 4 of the documents .* has the weight nan"),
        ([[-0.5], [1], [], None, [1]], "row 0 of the documents .* has the weight -0.5"),
        ([[1], [1], [], None, [float("inf")]], "row 4 of the documents .* has the weight inf"),
        ([[1], [1], [], None, [4e38]], "row 4 of the documents .* has the weight 4e\\+38"),
    ],
)
def test_odd_weights_are_refused_with_their_column_and_row(exported, rows, weights, message):
    given = rows | {"words": [["w1"], ["w2"], [], None, ["w3"]], "counts": weights}
    with pytest.raises(ExportedError, match=f"^column 'counts' {ONE_PER_ID} {message}$"):
        exported.score(given)


def test_odd_weights_of_a_query_are_refused_by_the_number_of_the_query(exported, rows):
    given = rows | {"history": [None] * 2 + [["i1"]] * 3, "ages": [[]] * 2 + [[-1.0]] * 3}
    with pytest.raises(ExportedError, match=r"'ages' .*; row 1 of the queries .* has .* -1.0"):
        exported.score(given, [2, 3])


def test_texts_are_no_weights(exported, rows):
    given = rows | {"words": [["w1"]] * 5, "counts": [["1.5"]] * 5}
    with pytest.raises(ExportedError, match=r"'counts' must hold lists of numbers; got \['1.5', "):
        exported.score(given)


def test_a_column_of_weights_that_is_missing_is_named(exported, rows):
    with pytest.raises(ExportedError, match="'counts' is missing"):
        exported.score(without("counts")(rows))


def test_a_column_of_weights_may_be_named_with_its_side(exported, rows):
    renamed = without("counts")(rows) | {"document/counts": rows["counts"]}
    assert exported.score(renamed).tolist() == exported.score(rows).tolist()


def test_ids_whose_weights_are_all_zero_are_as_if_there_were_none(exported, rows):
    none = rows | {"words": [None] * 5, "counts": [None] * 5}
    zeros = rows | {"words": [["w1", "w2"]] * 5, "counts": [[0, 0.0]] * 5}
    assert exported.score(zeros).tolist() == exported.score(none).tolist()


def test_the_unit_of_the_weights_of_a_mean_is_of_no_matter(exported, rows):
    words = rows | {"words": [["w1", "w2", "w3"]] * 5, "counts": [[1, 2, 0]] * 5}
    scaled = words | {"counts": [[1e30, 2e30, 0]] * 5}
    np.testing.assert_allclose(exported.score(scaled), exported.score(words), rtol=1e-5)
    other = words | {"counts": [[2, 1, 0]] * 5}
    assert (exported.score(other) != exported.score(words)).any()


@pytest.mark.parametrize("lengths", [[-1, 6], [2.5, 2.5], [[5]], ["5"]])
def test_lengths_must_be_whole_numbers(exported, rows, lengths):
    with pytest.raises(ExportedError, match="lengths must be whole numbers of at least 0"):
        exported.score(rows, lengths)
