"""The settings of [lists], [split] and [leakage] in the whole order of ``prepare``."""

import polars as pl
import pytest

from pipelines.errors import LogError
from pipelines.progress import Progress
from pipelines.stages.limit import BOT
from pipelines.stages.vet import FUTURE
from tests.pipelines.job_tables import as_file, events, job, log
from tests.pipelines.prepared import prepare


def prepared(frame=None, **changes):
    frame = log() if frame is None else frame
    settings = job(**changes)
    told = as_file(events()) if settings.events else None
    with Progress("test") as progress:
        return prepare(as_file(frame), told, settings, progress)


def test_a_list_is_ordered_by_a_column_and_keeps_its_logged_positions():
    changes = {"lists__order": "price", "lists__direction": "descending"}
    first = prepared(**changes).lists["train"].row(0, named=True)
    assert first["document_id"] == ["d2", "d1", "d0"]
    assert first["position"] == [3, 2, 1]
    assert first["document/price"] == sorted(first["document/price"], reverse=True)


def test_the_ids_of_query_and_document_can_be_features():
    made = prepared(features__query__ids=["request"])
    queries, items = (made.encoder.texts(name) for name in ("query/request", "document/item"))
    for one in made.lists["train"].iter_rows(named=True):
        assert queries[one["query/request"]] == one["query_id"]
        assert [items[number] for number in one["document/item"]] == one["document_id"]


def test_a_session_with_many_lists_is_left_out_whole():
    crawled = log().with_columns(
        visit=pl.when(pl.col("shown").is_between(20, 40)).then(pl.lit("bot")).otherwise("visit")
    )
    rows = prepared(crawled, lists__max_per_session=2).rows
    bots = rows.filter(pl.col("reason") == BOT)
    assert bots["query_id"].unique().sort().to_list() == ["q2", "q3", "q4"]
    assert rows["reason"].null_count() == 21
    assert prepared(crawled, lists__max_per_session=3).rows["reason"].null_count() == 30


def test_lists_of_one_time_can_be_parted_by_hash_or_by_a_column():
    letor = log(60).with_columns(
        shown=pl.lit(0),
        fold=pl.col("shown").replace_strict({0: "validation", 10: "test"}, default="train"),
    )
    changes = {"events": None, "grades": [{"grade": 1, "when": "rank = 2"}]}
    by_hash = prepared(letor, split={"by": "hash"}, **changes).lists
    assert all(frame.height > 0 for frame in by_hash.values())
    assert sum(frame.height for frame in by_hash.values()) == 60
    by_column = prepared(letor, split={"by": "column", "column": "fold"}, **changes).lists
    assert by_column["validation"]["query_id"].to_list() == ["q0"]
    assert by_column["test"]["query_id"].to_list() == ["q1"]


def test_a_part_without_a_list_says_what_parted_them():
    folds = log().with_columns(fold=pl.lit("train"))
    message = r"no list for validation, test \(split by column\)"
    with pytest.raises(LogError, match=message):
        prepared(folds, split={"by": "column", "column": "fold"})


@pytest.mark.parametrize("by", ["hash", "column"])
def test_a_list_that_would_be_in_two_parts_fails_the_job(by):
    folds = log().with_columns(
        fold=pl.when(pl.col("rank") == 1).then(pl.lit("test")).otherwise(pl.lit("train"))
    )
    message = (
        r"^leakage: split\.column: 'fold' must name one part for a whole list; found 10 in two"
    )
    with pytest.raises(LogError, match=message):
        prepared(folds, split={"by": by, "column": "fold", "seed": 2})


def test_a_user_in_two_parts_fails_the_job_unless_it_decides_the_part():
    with pytest.raises(LogError, match=r"no value of 'user' may be in two parts; found 3 of 3"):
        prepared(leakage__key="user")
    users = log(90).with_columns(user=pl.concat_str(pl.lit("u"), pl.col("shown") // 30))
    by_user = {"by": "hash", "column": "user"}
    changes = {"events": None, "grades": [{"grade": 1, "when": "rank = 2"}]}
    assert prepared(users, split=by_user, leakage__key="user", **changes).rows.height == 270


def test_features_from_the_future_fail_the_job_or_are_left_out():
    late = log().with_columns(computed=pl.when(pl.col("rank") == 3).then(10**6).otherwise(0))
    late = late.filter((pl.col("shown") == 0) | (pl.col("rank") < 3))
    message = r"found 1 of 21 rows where it is, e\.g\. row 2, known at 1000000 and shown at 0"
    with pytest.raises(LogError, match=message):
        prepared(late, leakage__known_at=["computed"])
    tolerated = prepared(late, leakage={"known_at": ["computed"], "tolerance": 0.05}).rows
    assert tolerated.filter(pl.col("reason") == FUTURE)["row"].to_list() == [2]


def test_rows_that_a_filter_leaves_out_need_not_be_honest():
    late = log().with_columns(computed=pl.col("shown") + pl.col("rank") // 3)
    filters = [{"name": "third", "when": "rank = 3"}]
    assert prepared(late, leakage__known_at=["computed"], filters=filters).rows.height == 30


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            log().with_columns(request=pl.lit(None, pl.String)),
            r"^validate: some row must be usable; found 30 rows, none usable, 30 .*query is null$",
        ),
        (log().clear(), r"^read: the log must have rows; found none$"),
    ],
)
def test_a_log_of_which_no_list_can_be_made_is_refused(changed, message):
    with pytest.raises(LogError, match=message):
        prepared(changed)


def test_filters_that_leave_nothing_are_told_by_name():
    message = (
        r"some row must be usable; found 30 rows, none usable, 30 of them because: (filter: )?all"
    )
    with pytest.raises(LogError, match=message):
        prepared(filters=[{"name": "all", "when": "rank > 0"}])


def test_a_grade_rule_that_holds_for_no_row_is_refused_where_it_is_the_only_one():
    message = r"some list of the train part must have two different grades; .*in the log: 0\)"
    with pytest.raises(LogError, match=message):
        prepared(events=None, grades=[{"grade": 1, "when": "rank > 99"}])
