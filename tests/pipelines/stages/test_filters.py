import polars as pl
import pytest

from pipelines.config import Filter
from pipelines.errors import ConfigError, LogError
from pipelines.progress import Progress
from pipelines.stages.filters import check_filters, filter_columns, leave_out
from pipelines.stages.limit import BEYOND, SHORT
from tests.pipelines.job_tables import as_file, events, job, log
from tests.pipelines.prepared import prepare


def filters(*pairs):
    return [Filter(name=name, when=when) for name, when in pairs]


def reasons(*pairs, broken=None):
    rows = pl.LazyFrame(
        {"reason": [None, None, broken], "log/price": [1, 5, 9], "log/row": [0, 1, None]},
        schema_overrides={"reason": pl.String},
    )
    got = leave_out(rows, filters(*pairs)).collect()
    assert got.columns == ["reason", "log/price", "log/row"]
    return got["reason"].to_list()


def test_a_row_has_the_first_filter_that_holds_as_its_reason():
    got = reasons(("dear", "price > 4"), ("very dear", "price > 8"))
    assert got == [None, "filter: dear", "filter: dear"]


def test_a_row_that_is_wrong_stays_wrong():
    assert reasons(("dear", "price > 4"), broken="time is null")[2] == "time is null"


def test_a_filter_on_a_null_does_not_hold():
    assert reasons(("first", "row >= 0")) == ["filter: first", "filter: first", None]


def test_no_filter_leaves_the_rows_as_they_are():
    assert reasons() == [None, None, None]


def test_filters_name_the_columns_they_need():
    assert filter_columns(filters(("a", "price > 1"), ("b", "x = y"))) == {
        "price": "filters[0].when",
        "x": "filters[1].when",
        "y": "filters[1].when",
    }


@pytest.mark.parametrize(
    ("name", "when", "message"),
    [
        (SHORT, "price > 1", r"^filters\[0\]\.name: is a reason why rows are rejected; .*got"),
        (BEYOND, "price > 1", r"^filters\[0\]\.name: is a reason"),
        ("time is null", "price > 1", r"^filters\[0\]\.name: is a reason"),
        ("a", "price >", r"^filters\[0\]\.when: must be a SQL condition"),
        ("a", "price + 1", r"^filters\[0\]\.when: must be a condition, true or false"),
        ("a", "price > AVG(price)", r"^filters\[0\]\.when: must be a condition on one row"),
    ],
)
def test_a_filter_that_cannot_be_counted_or_evaluated_is_refused(name, when, message):
    with pytest.raises(ConfigError, match=message):
        check_filters(filters((name, when)), pl.Schema({"price": pl.Float64()}))


def test_two_filters_of_one_name_are_refused():
    twice = [{"name": "a", "when": "price > 1"}, {"name": "a", "when": "price > 2"}]
    with pytest.raises(ConfigError, match=r"^filters: names must differ; got 'a'$"):
        job(filters=twice)


def prepared(*pairs, frame=None):
    tables = [{"name": name, "when": when} for name, when in pairs]
    with Progress("test") as progress:
        log_files = as_file(log() if frame is None else frame)
        return prepare(log_files, as_file(events()), job(filters=tables), progress)


def test_a_filter_reads_event_counts_and_columns_of_the_log():
    rows = prepared(("bought early", "buys > 0 AND shown < 30")).rows
    assert rows.filter(pl.col("reason").is_not_null()).select("query_id", "document_id").rows() == [
        ("q0", "d1"),
        ("q2", "d1"),
    ]


def test_a_filter_may_read_what_the_model_sees():
    assert prepared(("free", "price = 0")).rows["reason"].drop_nulls().len() == 10


def test_a_list_is_as_long_as_what_the_filters_leave_of_it():
    got = prepared(("rest of q3", "request = 'q3' AND rank > 1")).rows
    assert got.filter(pl.col("query_id") == "q3")["reason"].to_list() == [
        SHORT,
        "filter: rest of q3",
        "filter: rest of q3",
    ]


def test_a_filter_on_a_column_that_is_not_there_is_told_with_the_nearest():
    rule = r"log\.parquet: filters\[0\]\.when names column 'prise'; .*did you mean 'price'\?"
    with pytest.raises(LogError, match=rule):
        prepared(("free", "prise = 0"))
