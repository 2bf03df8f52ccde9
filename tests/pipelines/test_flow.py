import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltr.data.manifest import Manifest
from ltr.data.reader import Lists
from ltr.evaluation.propensities import Curve
from pipelines.encoder import Encoder
from pipelines.errors import LogError
from pipelines.jobs.folders import Folders
from pipelines.jobs.prepare import run
from pipelines.progress import Progress
from tests.pipelines.cuts import cut_into
from tests.pipelines.job_tables import as_file, events, job, log
from tests.pipelines.prepared import prepare


@pytest.fixture
def folders(tmp_path):
    log().write_parquet(tmp_path / "log.parquet")
    events().write_parquet(tmp_path / "events.parquet")
    return Folders(log=tmp_path, run=tmp_path / "run")


def made(folders, **changes):
    with Progress("test") as progress:
        run(job(**changes), folders, progress)
    return Manifest.load(folders.lists, verify=True)


def prepared(impressions, happened=None, **changes):
    happened = events() if happened is None else happened
    with Progress("test") as progress:
        return prepare(as_file(impressions), as_file(happened), job(**changes), progress)


def test_the_whole_order_gives_graded_encoded_lists_by_time():
    lists = prepared(log()).lists
    assert [frame.height for frame in lists.values()] == [7, 1, 2]
    first = lists["train"].row(0, named=True)
    assert (first["query_id"], first["time"], first["document_id"]) == ("q0", 0, ["d0", "d1", "d2"])
    assert first["grade"] == [0, 2, 0]
    assert lists["train"].row(1, named=True)["grade"] == [0, 1, 0]


def test_nothing_of_later_parts_reaches_the_encoder():
    changed = log().with_columns(
        user=pl.when(pl.col("shown") >= 70).then(pl.lit("late")).otherwise("user"),
        price=pl.when(pl.col("shown") >= 70).then(1e9).otherwise("price"),
    )
    assert "late" not in prepared(changed).encoder.texts("query/user").to_list()
    number = "document/price"
    one, other = (prepared(frame).encoder for frame in (changed, log()))
    assert one.unit_and_offset(number) == other.unit_and_offset(number) != (1.0, 0.0)


def test_every_row_is_in_a_list_or_has_its_reason():
    dirty = pl.concat([log(), log().head(5), log(1).with_columns(request=pl.lit(None, pl.String))])
    rows = prepared(dirty).rows
    assert rows.height == dirty.height
    assert rows["row"].drop_nulls().to_list() == list(range(30, 38))
    assert rows["reason"].null_count() == 30


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (log().clear(), r"read: the log must have rows; found none"),
        (
            log().with_columns(rank=-1),
            r"some row must be usable; found 30 rows, none usable, 30 of them because: position",
        ),
        (
            log().with_columns(pl.col("rank") - 1),
            r"log\.position must count from 1; found 0 as the first position of 10 of 10 queries",
        ),
        (log(1), r"every part must get a list; found no list for train, validation"),
        (
            log().with_columns(shown=5),
            r"every part must get a list; found no list for train, validation \(1 distinct times",
        ),
    ],
)
def test_a_log_that_cannot_be_split_is_refused(changed, message):
    with pytest.raises(LogError, match=message):
        prepared(changed)


def test_a_log_where_no_list_has_two_grades_is_refused():
    rule = (
        r"label: some list of the train part must have two different grades; .*grades in the log: 0"
    )
    with pytest.raises(LogError, match=rule):
        prepared(log(), happened=events().clear())


def test_what_is_written_is_what_the_manifest_says(folders):
    manifest = made(folders)
    for name, split in manifest.splits.items():
        with pa.memory_map(str(folders.lists / split.shards[0].file)) as source:
            file = pa.ipc.open_file(source)
            assert file.num_record_batches == 1
            table = file.read_all()
        assert table.num_rows == split.lists, name
        assert (
            pa.compute.sum(pa.compute.list_value_length(table["grade"])).as_py() == split.documents
        )
        assert [str(field.type) for field in table.schema][:5] == [
            "string",
            "int64",
            "list<item: string>",
            "list<item: int32>",
            "list<item: uint8>",
        ]
    assert manifest.rows.read == 30
    assert manifest.events is not None
    assert manifest.events.attributed == 15
    assert manifest.job["log"]["query"] == "request"


def test_datetimes_stay_datetimes_on_disk(folders):
    dated = log().with_columns(pl.from_epoch("shown", time_unit="s"))
    dated.write_parquet(folders.log / "log.parquet")
    events().with_columns(pl.from_epoch("at", time_unit="s")).write_parquet(
        folders.log / "events.parquet"
    )
    assert made(folders).splits["train"].first == "1970-01-01 00:00:00"


def test_rejects_are_kept_with_their_reason(folders):
    pl.concat([log(), log().head(2)]).write_parquet(folders.log / "log.parquet")
    late = pl.DataFrame({"visit": ["v1"], "item": ["d1"], "at": [0], "what": ["click"]})
    pl.concat([events(), late]).write_parquet(folders.log / "events.parquet")
    manifest = made(folders)
    rows = pl.read_parquet(folders.lists / "rejects" / "rows-00000.parquet")
    assert rows.select("row", "query_id", "document_id", "reason").rows() == [
        (30, "q0", "d0", "document is already in this query"),
        (31, "q0", "d1", "document is already in this query"),
    ]
    assert manifest.rows.rejected == {"document is already in this query": 2}
    rejected = pl.read_parquet(folders.lists / "rejects" / "events-00000.parquet")
    assert rejected["reason"].to_list() == list(manifest.events.rejected)


def test_late_events_are_kept_apart_and_counted(folders):
    manifest = made(folders, events__window=1)
    assert manifest.events.rejected == {"later after its impression than events.window": 5}
    assert manifest.events.attributed == 10


def test_the_audit_of_the_rules_is_written(folders):
    made(folders)
    audit = pl.read_parquet(folders.lists / "audit.parquet")
    assert audit.select("grade", "held", "given").rows() == [(0, 20, 20), (1, 10, 5), (2, 5, 5)]


def test_a_rule_that_holds_nowhere_is_told(folders, caplog):
    rules = [{"grade": 2, "when": "buys > 7"}, {"grade": 1, "when": "clicks > 0"}]
    with caplog.at_level("INFO"):
        made(folders, grades=rules)
    assert "grades[0].when holds on no usable row: buys > 7" in caplog.text


def propensities(folders, split):
    lists = Lists(folders.lists, split).propensities()
    return None if lists is None else lists.tolist()


def test_lists_carry_the_propensities_of_the_log(folders):
    told = log().with_columns(seen=1 / pl.col("rank"))
    told.write_parquet(folders.log / "log.parquet")
    made(folders, propensity={"column": "seen", "clip": 0.4})
    assert propensities(folders, "test") == pytest.approx([1.0, 0.5, 0.4] * 2)


def test_propensities_are_estimated_from_the_training_part_and_kept_with_the_lists(folders):
    # Of the training part, d1 is clicked every time at position 2 and half of the time at 1.
    rank = pl.when(pl.col("shown") % 20 == 0).then(3 - pl.col("rank")).otherwise("rank")
    moved = log(40).with_columns(rank=pl.when(pl.col("rank") < 3).then(rank).otherwise("rank"))
    moved.write_parquet(folders.log / "log.parquet")
    events(40).filter((pl.col("at") % 40 != 1) | (pl.col("at") > 280)).write_parquet(
        folders.log / "events.parquet"
    )
    made(folders, propensity={"estimate": "harvesting", "clicked": "clicks > 0"})
    curve = Curve.load(folders.lists)
    assert curve.shown == (28, 28, 28)
    assert curve.clicks == (7, 14, 0)
    assert curve.propensities[:2] == (1.0, 1.0)
    assert propensities(folders, "test") == pytest.approx([*curve.propensities] * 8)
    assert "<svg xmlns" in (folders.lists / "propensities.svg").read_text()


def test_without_the_section_lists_carry_no_propensities(folders):
    made(folders)
    assert propensities(folders, "train") is None
    assert not (folders.lists / "propensities.json").exists()


def test_the_encoder_that_is_saved_is_the_one_of_the_manifest(folders):
    manifest = made(folders)
    encoder = Encoder.load(folders.lists / "encoder")
    assert encoder.fingerprint == manifest.encoder
    assert [feature.size for feature in manifest.features] == [4, 4, 5, None]


def test_the_same_log_gives_the_same_bytes(folders, tmp_path):
    again = Folders(log=tmp_path, run=tmp_path / "again")
    assert made(folders) == made(again)


def test_a_query_feature_that_differs_within_a_list_is_told_and_counted(folders, caplog):
    changing = log().with_columns(user=pl.format("u{}", pl.col("rank").clip(upper_bound=2)))
    changing.write_parquet(folders.log / "log.parquet")
    with caplog.at_level("INFO", logger="ltr"):
        assert made(folders).varying == {"query/user": 10}
    assert "query/user differs within 10 lists; the first document's is taken" in caplog.text


def test_a_failed_job_leaves_the_old_lists(folders):
    manifest = made(folders)
    log().with_columns(rank=-1).write_parquet(folders.log / "log.parquet")
    with pytest.raises(LogError, match="usable"):
        made(folders)
    assert Manifest.load(folders.lists, verify=True) == manifest


value = st.sampled_from(["a", "b", "c", None])
row = st.fixed_dictionaries(
    {
        "request": st.sampled_from([f"q{i}" for i in range(6)] + [None]),
        "item": value,
        "shown": st.sampled_from([1, 2, 3, 4, 5, None]),
        "rank": st.sampled_from([-1, 1, 2, None]),
        "visit": value,
        "user": value,
        "tags": st.one_of(st.none(), st.lists(value, max_size=2)),
        "price": st.sampled_from([1.0, None, float("nan")]),
    }
)
SCHEMA = {**log().schema}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(row, max_size=40), st.integers(1, 5))
def test_no_row_of_any_log_is_lost(rows, partitions):
    dirty = pl.concat([log(), pl.DataFrame(rows, schema=SCHEMA)])
    with cut_into(partitions):
        result = prepared(dirty)
    lists = pl.concat(result.lists.values())
    assert lists["grade"].list.len().sum() == result.manifest.rows.kept
    assert result.rows.height == result.manifest.rows.read == dirty.height
    assert not lists.null_count().sum_horizontal().item()
    assert lists["query_id"].is_unique().all()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(row, max_size=40), st.integers(2, 5), st.integers(1, 60))
def test_the_result_does_not_depend_on_how_the_log_is_cut(rows, partitions, piece_rows):
    dirty = pl.concat([log(), pl.DataFrame(rows, schema=SCHEMA)])
    with cut_into(1, piece_rows=1000):
        whole = prepared(dirty)
    with cut_into(partitions, piece_rows=piece_rows):
        parts = prepared(dirty)
    for name, lists in whole.lists.items():
        assert parts.lists[name].sort("time", "query_id").equals(lists)
    assert parts.encoder.fingerprint == whole.encoder.fingerprint
    assert parts.manifest.rows == whole.manifest.rows
    assert parts.manifest.events == whole.manifest.events
