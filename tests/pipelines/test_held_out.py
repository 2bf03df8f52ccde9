import polars as pl
import pytest

from pipelines.config import Features, SideFeatures
from pipelines.encoder import Counts, Encoder
from pipelines.held_out import held_out_table
from pipelines.table.columns import Columns

LOG = pl.DataFrame(
    {
        "query_id": ["a", "a", "b", "c"],
        "query/device": ["phone", "phone", "desk", "phone"],
        "query/hour": [9.0, 9.0, 17.0, 0.0],
    }
)


@pytest.fixture
def rows(tmp_path):
    features = Features(
        query=SideFeatures(ids=("device",), numbers=("hour",)),
        document=SideFeatures(ids=()),
        min_count=2,
    )
    encoder = Encoder.fit(Counts.of(LOG.lazy(), features), features)
    encoded = encoder.transform(LOG.lazy()).collect().unique("query_id", maintain_order=True)
    lists = encoded.with_columns(
        document_id=pl.Series([["x", "y"], ["x"], ["z"]]),
        position=pl.Series([[1, 2], [1], [1]], dtype=pl.List(pl.Int32)),
        grade=pl.Series([[0, 2], [1], [0]], dtype=pl.List(pl.UInt8)),
    )
    lists.write_ipc(tmp_path / "0.arrow")
    scores = {"model": pl.Series([0.1, 0.9, 0.5, 0.4]), "logged": pl.Series([2.0, 1.0, 1.0, 1.0])}
    columns = Columns(
        query="query",
        label="grade",
        score="model",
        baseline="logged",
        by=("device", "hour"),
        frequency="device",
    )
    return held_out_table([tmp_path / "0.arrow"], scores, encoder, columns)


def test_rows_are_those_of_the_lists_with_both_scores(rows):
    assert rows["query"].to_list() == ["a", "a", "b", "c"]
    assert rows["document"].to_list() == ["x", "y", "x", "z"]
    assert rows["label"].to_list() == [0, 2, 1, 0]
    assert rows["score"].to_list() == [0.1, 0.9, 0.5, 0.4]
    assert rows["baseline"].to_list() == [2, 1, 1, 1]


def test_features_are_called_as_in_the_log(rows):
    unseen = "(unseen in training)"
    assert rows["by/device"].to_list() == ["phone", "phone", unseen, "phone"]
    assert rows["frequency"].to_list() == rows["by/device"].to_list()
    assert rows["by/hour"].to_list() == [9, 9, 17, 0]
    assert str(rows["by/hour"][3]) == "0.0"
