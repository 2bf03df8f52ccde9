import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.config import Column, Features, SideFeatures
from pipelines.encoder import Counts, Encoder
from pipelines.errors import EncoderError

FEATURES = Features(
    query=SideFeatures(ids=("user",), numbers=("hour",)),
    document=SideFeatures(
        ids=("brand", "shop"),
        id_lists=("tags",),
        numbers=("price", "age", "rank"),
        columns={
            "shop": Column(buckets=10),
            "age": Column(scale="uniform", log1p=True),
            "rank": Column(scale="list_minmax"),
        },
    ),
    min_count=2,
)
SCHEMA = pl.Schema(
    {
        "query_id": pl.String(),
        "query/user": pl.String(),
        "query/hour": pl.Float64(),
        "document/brand": pl.String(),
        "document/shop": pl.String(),
        "document/tags": pl.List(pl.String()),
        "document/price": pl.Float64(),
        "document/age": pl.Float64(),
        "document/rank": pl.Float64(),
    }
)
ids = st.sampled_from(["a", "b", "c", "ü", "", None])
number = st.none() | st.floats(width=32) | st.floats(-9, 9)
query = st.sampled_from([f"q{i}" for i in range(6)])
lists = st.none() | st.lists(ids, max_size=3)
row = st.tuples(query, ids, number, ids, ids, lists, number, number, number)
tables = st.lists(row, max_size=25)


def frame(rows):
    return pl.LazyFrame(rows, schema=SCHEMA, orient="row")


def fingerprint(counts):
    return Encoder.fit(counts, FEATURES).fingerprint


@settings(deadline=None)
@given(tables, st.integers(1, 6))
def test_parts_that_hold_whole_queries_fit_the_encoder_of_the_whole(rows, parts):
    cut = [[one for one in rows if int(one[0][1]) % parts == i] for i in range(parts)]
    merged = Counts.merge([Counts.of(frame(part), FEATURES) for part in cut])
    assert fingerprint(merged) == fingerprint(Counts.of(frame(rows), FEATURES))


@settings(deadline=None)
@given(tables)
def test_what_is_loaded_is_what_was_saved(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("counts") / "counts.arrow"
    counts = Counts.of(frame(rows), FEATURES)
    counts.save(path)
    loaded = Counts.load(path)
    assert loaded.moments == counts.moments
    assert fingerprint(Counts.merge([loaded, counts])) == fingerprint(Counts.merge([counts] * 2))


def test_ids_that_parts_code_as_different_categories_are_counted_as_their_texts():
    features = Features(document=SideFeatures(ids=("brand",), id_lists=("tags",)), min_count=1)
    parts = []
    for texts in (["a", "b"], ["b", "c"]):
        coded = pl.Series("document/brand", texts, dtype=pl.Enum(texts))
        tags = pl.Series("document/tags", [texts, []], dtype=pl.List(pl.Enum(texts)))
        rows = pl.LazyFrame({"query_id": ["q", "q"], coded.name: coded, tags.name: tags})
        parts.append(Counts.of(rows, features))
    merged = Counts.merge(parts)
    for column in ("document/brand", "document/tags"):
        assert dict(merged.ids[column].iter_rows()) == {"a": 1, "b": 2, "c": 1}


def test_only_what_something_is_learned_of_is_counted():
    counts = Counts.of(frame([]), FEATURES)
    assert list(counts.ids) == ["query/user", "document/brand", "document/tags"]
    assert list(counts.moments) == ["query/hour", "document/price"]
    assert list(counts.histograms) == ["document/age"]


def test_counts_of_other_features_are_refused():
    counts = Counts.of(frame([]), FEATURES)
    other = Features(document=SideFeatures(ids=("brand", "other")))
    fewer = Counts.of(frame([]), Features(document=SideFeatures(ids=("brand",))))
    with pytest.raises(EncoderError, match="counts to merge must be of the same features"):
        Counts.merge([counts, fewer])
    with pytest.raises(EncoderError, match="at least one"):
        Counts.merge([])
    with pytest.raises(EncoderError, match="they lack 'document/other'"):
        Encoder.fit(counts, other)


@pytest.mark.parametrize("content", [None, b"", b"no counts", b"cut"])
def test_a_file_that_holds_no_counts_is_refused_by_name(tmp_path, content):
    path = tmp_path / "counts.arrow"
    if content == b"cut":
        Counts.of(frame([("q0", "a", 1.0, "b", "c", ["d"], 1.0, 1.0, 1.0)]), FEATURES).save(path)
        content = path.read_bytes()[:-40]
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EncoderError, match=r"counts\.arrow must hold counts of features"):
        Counts.load(path)


def test_a_table_of_something_else_is_refused(tmp_path):
    path = tmp_path / "counts.arrow"
    pl.DataFrame({"a": [1]}).write_ipc(path)
    with pytest.raises(EncoderError, match="must hold counts of features"):
        Counts.load(path)
