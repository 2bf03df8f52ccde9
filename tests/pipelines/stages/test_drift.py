import polars as pl
import pytest

from pipelines.errors import LogError
from pipelines.sources import LogFile
from pipelines.stages.drift import Drift, drift, told
from pipelines.stages.read import read_events, read_impressions
from tests.pipelines.job_tables import events, job, log


def days(tmp_path, *frames):
    return [LogFile(tmp_path / f"{day}.parquet", frame.lazy()) for day, frame in enumerate(frames)]


WIDER = log(1).cast({"rank": pl.Int32, "price": pl.Float32})


def test_each_change_names_file_and_column_and_both_types(tmp_path):
    changed = WIDER.drop("tags").with_columns(new=1)
    assert drift(days(tmp_path, log(1), log(1), changed, changed)) == [
        Drift("2.parquet", "rank", "Int64", "Int32"),
        Drift("2.parquet", "tags", "List(String)", "no such column"),
        Drift("2.parquet", "price", "Float64", "Float32"),
        Drift("2.parquet", "new", "no such column", "Int32"),
    ]


def test_a_day_without_rows_changes_nothing(tmp_path):
    header = pl.DataFrame(schema=dict.fromkeys(log(1).columns, pl.Null))
    files = days(tmp_path, header, log(1), header, pl.DataFrame(), log(1))
    assert drift(files) == []
    assert read_impressions(files, job(log__drift="freeze")).collect().height == 6


def test_what_changed_is_told_in_a_few_lines(tmp_path):
    lines = told("log", days(tmp_path, log(1), WIDER.with_columns(new=1)), most=2)
    assert lines == [
        "log: rank is Int32 from 1.parquet on, was Int64",
        "log: price is Float32 from 1.parquet on, was Float64",
        "log: 1 more changes of columns",
    ]


def test_a_feature_that_a_day_lacks_is_missing_there(tmp_path):
    bare = log(1).drop("price", "tags", "user")
    frame = read_impressions(days(tmp_path, log(1), bare), job()).collect()
    assert frame["document/price"].to_list() == [0.0, 1.0, 2.0, None, None, None]
    assert frame["document/tags"].null_count() == frame["query/user"].null_count() == 3


def test_a_feature_that_no_day_has_is_refused(tmp_path):
    bare = log(1).drop("price")
    with pytest.raises(LogError, match=r"0.parquet: features.document names column 'price'"):
        read_impressions(days(tmp_path, bare, bare), job())


@pytest.mark.parametrize("column", ["request", "item", "shown", "rank", "visit"])
@pytest.mark.parametrize("policy", ["evolve", "freeze"])
def test_a_day_without_a_column_that_is_needed_is_refused(tmp_path, column, policy):
    files = days(tmp_path, log(1), log(1).drop(column))
    with pytest.raises(LogError, match=rf"1.parquet: .*column '{column}'.*found"):
        read_impressions(files, job(log__drift=policy))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (log(1).with_columns(new=1), r"'new' must stay as in .*no such column,.* found Int32"),
        (log(1).drop("price"), r"'price' must stay .*, Float64, as .* found no such column"),
        (WIDER, r"'rank' must stay .*, Int64, .* found Int32 \(and 1 more changes\)"),
    ],
)
def test_freeze_refuses_each_change(tmp_path, changed, message):
    with pytest.raises(LogError, match=rf"read: 1.parquet: column {message}"):
        read_impressions(days(tmp_path, log(1), changed), job(log__drift="freeze"))


def test_events_may_have_an_empty_day(tmp_path):
    names = job().events
    assert names is not None
    files = days(tmp_path, pl.DataFrame(), events(2))
    assert read_events(files, names, pl.Int64(), freeze=True).collect().height == 3


def test_events_are_frozen_with_the_log(tmp_path):
    names = job().events
    assert names is not None
    files = days(tmp_path, events(2), events(2).cast({"at": pl.Int32}))
    assert read_events(files, names, pl.Int64()).collect().height == 6
    with pytest.raises(LogError, match=r"1.parquet: column 'at' must stay .* found Int32"):
        read_events(files, names, pl.Int64(), freeze=True)


def test_a_column_of_another_kind_is_refused_however_columns_may_change(tmp_path):
    worded = log(1).with_columns(price=pl.lit("much"))
    with pytest.raises(LogError, match=r"1.parquet: .*'price' must hold numbers; found String"):
        read_impressions(days(tmp_path, log(1), worded), job())
