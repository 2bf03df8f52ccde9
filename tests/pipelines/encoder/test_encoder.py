import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.config import Column, Features, SideFeatures
from pipelines.encoder import Counts, Encoder
from pipelines.errors import LogError

FEATURES = Features(
    query=SideFeatures(ids=("user",), numbers=("hour",)),
    document=SideFeatures(ids=("brand",), id_lists=("tags",), numbers=("price",)),
    min_count=2,
)
SCHEMA: dict[str, pl.DataType | pl.datatypes.DataTypeClass] = {
    "query_id": pl.String,
    "query/user": pl.String,
    "query/hour": pl.Float64,
    "document/brand": pl.String,
    "document/tags": pl.List(pl.String),
    "document/price": pl.Float64,
}
TRAIN = pl.LazyFrame(
    [
        ("q1", "u", 1.0, "b", ["x", "y"], 10.0),
        ("q1", "u", 1.0, "b", ["x"], 20.0),
        ("q2", "u", 5.0, "c", ["y", "x"], None),
        ("q3", "w", 3.0, None, None, 30.0),
    ],
    schema=SCHEMA,
    orient="row",
)


def fit(train, features=FEATURES, previous=None):
    return Encoder.fit(Counts.of(train, features), features, previous)


def encode(*rows):
    frame = pl.LazyFrame(rows, schema=SCHEMA, orient="row")
    return fit(TRAIN, FEATURES).transform(frame).collect().drop("query_id").rows()


def test_frequent_ids_come_first_and_rare_unseen_and_null_ids_are_zero():
    got = encode(
        ("q", "u", 3.0, "b", ["y", "x"], 20.0),
        ("q", "new", 3.0, "c", ["z", "x"], 20.0),
        ("q", None, 3.0, None, [], 20.0),
        ("q", "w", 3.0, "b", None, 20.0),
    )
    assert [row[0] for row in got] == [1, 0, 0, 0]
    assert [row[2] for row in got] == [1, 0, 0, 1]
    assert [row[3] for row in got] == [[2, 1], [0, 1], [], []]


def test_a_querys_features_count_once_a_list():
    assert fit(TRAIN, FEATURES).texts("query/user").to_list() == [None, "u"]
    back = fit(TRAIN, FEATURES).unit_and_offset("query/hour")
    assert back == (pytest.approx((8 / 3) ** 0.5), 3.0)


def test_numbers_are_scaled_and_missing_ones_are_the_mean():
    deviation = (200 / 3) ** 0.5
    prices = [40.0, None, float("nan"), float("inf")]
    got = [row[4] for row in encode(*(("q", "u", 1.0, "b", [], price) for price in prices))]
    assert got == [pytest.approx(20 / deviation), 0.0, 0.0, 0.0]


def test_a_number_that_never_varies_or_is_never_there_stays_finite():
    train = TRAIN.with_columns(
        pl.lit(7.0).alias("document/price"), pl.lit(None, pl.Float64).alias("query/hour")
    )
    encoder = fit(train, FEATURES)
    got = encoder.transform(train).collect()
    assert got["document/price"].to_list() == [0.0] * 4
    assert got["query/hour"].to_list() == [0.0] * 4


def test_a_constant_whose_deviation_rounds_above_zero_is_still_a_constant():
    train = pl.LazyFrame({"query_id": ["q"] * 252, "document/price": [0.1] * 252})
    features = Features(document=SideFeatures(numbers=("price",)))
    encoder = fit(train, features)
    later = pl.LazyFrame({"document/price": [0.1, 0.6]})
    assert encoder.transform(later).collect()["document/price"].to_list() == pytest.approx([0, 0.5])


def test_a_wild_number_is_cut_off_and_one_beyond_floats_is_missing():
    got = [row[4] for row in encode(*(("q", "u", 1.0, "b", [], x) for x in (1e30, -1e30, 1e300)))]
    assert got == [10.0, -10.0, 0.0]


def test_the_fingerprint_tells_other_vocabularies_and_other_scales_apart():
    fits = [
        TRAIN,
        TRAIN.with_columns(pl.lit("c").alias("document/brand")),
        TRAIN.with_columns(pl.col("document/price") * 2),
    ]
    assert len({fit(train).fingerprint for train in fits}) == 3


@pytest.mark.parametrize(
    "settings",
    [
        {"brand": Column(buckets=9)},
        {"brand": Column(buckets=9, hashes=2)},
        {"tags": Column(max_length=1)},
        {"tags": Column(max_length=1, keep="frequent")},
        {"price": Column(scale="normal")},
        {"price": Column(scale="uniform")},
        {"price": Column(scale="list_minmax")},
        {"price": Column(missing=True)},
        {"price": Column(deviations=5)},
        {"price": Column(log1p=True)},
        {"price": Column(clip=(0, 99))},
    ],
    ids=str,
)
def test_the_fingerprint_tells_every_setting_apart(settings):
    document = FEATURES.document.model_copy(update={"columns": settings})
    other = FEATURES.model_copy(update={"document": document})
    assert fit(TRAIN, other).fingerprint != fit(TRAIN).fingerprint


def test_a_limit_that_changes_no_vocabulary_changes_no_fingerprint():
    document = FEATURES.document.model_copy(update={"columns": {"brand": Column(max_ids=99)}})
    other = FEATURES.model_copy(update={"document": document})
    assert fit(TRAIN, other).fingerprint == fit(TRAIN).fingerprint


def described(**columns):
    side = SideFeatures(ids=("brand",), id_lists=("tags",), numbers=("price",), columns=columns)
    return fit(TRAIN, Features(document=side, min_count=1))


def test_features_are_described_with_their_kind_and_size():
    encoder = described(brand=Column(buckets=9, hashes=2), price=Column(missing=True))
    assert [(one.column, one.kind, one.size) for one in encoder.features()] == [
        ("document/brand", "ids", 10),
        ("document/tags", "ids", 3),
        ("document/price", "number", None),
        ("document/price:missing", "number", None),
    ]
    assert (encoder.size("document/brand"), encoder.size("document/price")) == (10, None)
    with pytest.raises(KeyError, match="document/shop"):
        encoder.size("document/shop")


def test_an_id_with_several_hashes_is_a_list_and_a_null_one_is_empty():
    got = described(brand=Column(buckets=9, hashes=2)).transform(TRAIN).collect()
    assert got["document/brand"].dtype == pl.List(pl.Int64)
    assert got["document/brand"].list.len().to_list() == [2, 2, 2, 0]


def test_hashed_and_cut_id_lists_keep_all_numbers_of_what_they_keep():
    got = described(tags=Column(buckets=9, hashes=3, max_length=1)).transform(TRAIN).collect()
    assert got["document/tags"].list.len().to_list() == [3, 3, 3, 0]


def test_a_cut_id_list_keeps_its_first_or_its_most_frequent_ids():
    rows = TRAIN.with_columns(pl.Series("document/tags", [["?", "y", "x"], ["x"], None, []]))
    first = described(tags=Column(max_length=2)).transform(rows).collect()
    frequent = described(tags=Column(max_length=2, keep="frequent")).transform(rows).collect()
    assert first["document/tags"].to_list() == [[0, 2], [1], [], []]
    assert frequent["document/tags"].to_list() == [[2, 1], [1], [], []]


def test_rows_of_a_table_come_from_where_their_ids_were():
    yesterday = described()
    rows = TRAIN.with_columns(pl.Series("document/brand", ["c", "d", "d", None]))
    apart = fit(rows, Features(document=SideFeatures(ids=("brand",)), min_count=1))
    assert apart.texts("document/brand").to_list() == [None, "d", "c"]
    assert apart.rows_from(yesterday, "document/brand").tolist() == [0, -1, 2]
    hashed, other = (described(brand=Column(buckets=buckets)) for buckets in (3, 4))
    assert hashed.rows_from(hashed, "document/brand").tolist() == [0, 1, 2, 3]
    assert hashed.rows_from(other, "document/brand").tolist() == [0, -1, -1, -1]
    assert hashed.rows_from(yesterday, "document/brand").tolist() == [0, -1, -1, -1]
    with pytest.raises(KeyError, match="document/price"):
        yesterday.rows_from(yesterday, "document/price")


def test_a_column_of_another_type_is_refused_by_name():
    rule = "encode: column 'document/brand' must be String; found Int64"
    with pytest.raises(LogError, match=rule):
        described().transform(TRAIN.with_columns(pl.lit(1, pl.Int64).alias("document/brand")))


def test_no_rows_encode_to_no_rows_of_the_same_types():
    encoder = described(price=Column(scale="list_standard"), brand=Column(buckets=2, hashes=2))
    none = encoder.transform(TRAIN.clear())
    assert none.collect().schema == encoder.transform(TRAIN).collect_schema()


ids = st.sampled_from(["a", "b", "c", "ü", ""])


@settings(deadline=None)
@given(st.lists(ids, min_size=1, max_size=12), st.lists(ids, max_size=6))
def test_every_id_gets_its_own_number_below_the_size(train, later):
    features = Features(document=SideFeatures(ids=("brand",)), min_count=1)
    fitted = fit(pl.LazyFrame({"query_id": ["q"] * len(train), "document/brand": train}), features)
    frame = pl.LazyFrame({"document/brand": later}, schema={"document/brand": pl.String})
    numbers = fitted.transform(frame).collect()["document/brand"].to_list()
    assert all((number > 0) == (one in train) for number, one in zip(numbers, later, strict=True))
    assert len(set(zip(later, numbers, strict=True)) - {(one, 0) for one in later}) == len(
        {number for number in numbers if number}
    )
    assert all(number < fitted.size("document/brand") for number in numbers)
