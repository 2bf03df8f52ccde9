"""A column may use the vocabulary of another one."""

import json
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from pipelines.config import Column, Features, SideFeatures
from pipelines.encoder import Counts, Encoder
from pipelines.errors import ConfigError, EncoderError

OWNER = "document/item"
PINNED = "7d16847bb19accc1d1bbfbb083e33f6cd04dd814159bcffaeacb5d702605cef0"
"""Of an encoder of the one column, as it was before vocabularies could be shared."""
TRAIN = pl.LazyFrame(
    {
        "query_id": ["a", "a", "b"],
        "query/history": [["x", "z"], ["x", "z"], ["z", "y", None]],
        "document/item": ["y", "x", "y"],
    }
)


def features(owner: Column | None = None, **settings: Any) -> Features:
    history = Column.model_validate({"vocabulary": OWNER} | settings)
    return Features(
        query=SideFeatures(id_lists=("history",), columns={"history": history}),
        document=SideFeatures(ids=("item",), columns={"item": owner} if owner else {}),
        min_count=1,
    )


@pytest.fixture
def encoder() -> Encoder:
    return Encoder.fit(Counts.of(TRAIN, features()), features())


def test_both_columns_have_the_numbers_that_the_owners_counts_give(encoder):
    encoded = encoder.transform(TRAIN).collect()
    assert encoded["document/item"].to_list() == [1, 2, 1]
    # z, the most frequent in histories, is no document that was shown.
    assert encoded["query/history"].to_list() == [[2, 0], [2, 0], [0, 1, 0]]
    assert [one.size for one in encoder.features()] == [3, 3]
    assert [one.vocabulary for one in encoder.features()] == [OWNER, None]
    assert [one.table for one in encoder.features()] == [OWNER, OWNER]


def test_the_borrower_is_not_counted():
    assert list(Counts.of(TRAIN, features()).ids) == [OWNER]


def test_it_may_keep_the_most_frequent_of_the_owner():
    chosen = features(max_length=1, keep="frequent")
    encoder = Encoder.fit(Counts.of(TRAIN, chosen), chosen)
    assert encoder.transform(TRAIN).collect()["query/history"].to_list() == [[2], [2], [1]]


def test_a_saved_encoder_keeps_the_vocabulary_once(encoder, tmp_path):
    encoder.save(tmp_path / "encoder")
    rows = pl.read_parquet(tmp_path / "encoder" / "vocabularies.parquet")
    assert rows["column"].unique().to_list() == [OWNER]
    loaded = Encoder.load(tmp_path / "encoder")
    assert loaded.fingerprint == encoder.fingerprint
    assert loaded.transform(TRAIN).collect().equals(encoder.transform(TRAIN).collect())
    assert loaded.rows_from(encoder, "query/history").tolist() == [0, 1, 2]


def test_an_encoder_without_the_owner_is_refused(encoder, tmp_path):
    encoder.save(tmp_path / "encoder")
    path = tmp_path / "encoder" / "encoder.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"columns": content["columns"][:1]}))
    with pytest.raises(EncoderError, match="it lacks the column 'document/item'"):
        Encoder.load(tmp_path / "encoder")


def test_sharing_changes_the_fingerprint_of_no_other_encoder(encoder):
    alone = features().model_copy(update={"query": SideFeatures()})
    about = Encoder.fit(Counts.of(TRAIN, alone), alone)
    assert about.fingerprint != encoder.fingerprint
    assert about.fingerprint == PINNED


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"vocabulary": "document/brand"},
            "with a vocabulary of its own; there are document/item;",
        ),
        (
            {"vocabulary": "query/history"},
            "features.query.columns.history.vocabulary: must be a col",
        ),
        ({"min_count": 3}, "columns.history.min_count: is the business of document/item"),
        ({"buckets": 9}, "columns.history.buckets: is the business of document/item"),
        ({"owner": Column(buckets=9)}, "with a vocabulary of its own; there are none"),
    ],
)
def test_a_vocabulary_that_cannot_be_shared_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        features(**settings)


def test_a_column_is_named_with_its_side():
    with pytest.raises(ValidationError, match="should match pattern"):
        Column(vocabulary="item")
