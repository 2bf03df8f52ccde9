import polars as pl
import pytest

from pipelines.errors import ConfigError, LogError
from pipelines.stages.derive import derive
from pipelines.stages.label import label, rule_columns
from pipelines.stages.read import read_impressions
from tests.pipelines.job_tables import as_file, job, log


def graded(frame, settings):
    rows = read_impressions(as_file(frame), settings)
    return label(rows.with_columns(reason=pl.lit(None, dtype=pl.String)), settings).collect()


def rules(*pairs):
    return job(
        events=None,
        log__session=None,
        grades=[{"grade": g, "when": w} for g, w in pairs],
        features__document={"ids": ["item"]},
    )


def test_the_highest_grade_whose_rule_holds_is_given_and_none_gives_zero():
    for order in (((2, "price >= 2"), (1, "price >= 1")), ((1, "price >= 1"), (2, "price >= 2"))):
        assert graded(log(1, 4), rules(*order))["grade"].to_list() == [0, 1, 2, 2]


def test_a_condition_on_a_null_does_not_hold():
    frame = log(1, 2).with_columns(price=pl.lit(None, dtype=pl.Float64))
    assert graded(frame, rules((1, "price >= 0")))["grade"].to_list() == [0, 0]


def test_rules_speak_of_the_logs_columns_even_where_ours_have_the_same_name():
    frame = log(1, 3).with_columns(position=pl.Series([9, 8, 7]), query_id=pl.Series([1, 1, 0]))
    got = graded(frame, rules((1, "position = 8 AND query_id = 1")))
    assert got["grade"].to_list() == [0, 1, 0]
    assert got["position"].to_list() == [1, 2, 3]


def test_columns_of_the_log_are_dropped_once_they_are_used():
    assert not [name for name in graded(log(), rules((1, "price > 0"))).columns if "log/" in name]


def test_rules_name_the_columns_they_need():
    settings = rules((2, "price > 3 AND rank < 2"), (1, "rank = 1"))
    assert rule_columns(settings) == {"price": "grades[0].when", "rank": "grades[0].when"}


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("price >", r"grades\[0\]\.when: must be a SQL condition .*; got 'price >'"),
        ("price + 1", r"grades\[0\]\.when: must be a condition, true or false; got 'price \+ 1'"),
        ("price > AVG(price)", r"grades\[0\]\.when: must be a condition on one row, .*; got"),
        ("price > 'a'", r"grades\[0\]\.when: cannot be evaluated .*; got"),
        ("UPPER(price) = 'A'", r"grades\[0\]\.when: cannot be evaluated .*; got"),
    ],
)
def test_a_rule_that_is_no_condition_is_refused(when, message):
    with pytest.raises(ConfigError, match=message):
        graded(log(), rules((1, when)))


def own_grade(values):
    settings = job(grades=None, events=None, log__session=None, log__grade="judged")
    return graded(log(1, len(values)).with_columns(judged=pl.Series(values)), settings)


def test_the_logs_own_grade_is_taken_as_it_is():
    assert own_grade([0, 3, 31])["grade"].to_list() == [0, 3, 31]


@pytest.mark.parametrize("bad", [-1.0, 32.0, 1.5, None, float("nan")])
def test_a_grade_out_of_range_makes_the_row_unusable(bad):
    got = own_grade([1.0, bad])
    assert got["reason"].to_list() == [None, "grade is not a whole number from 0 to 31"]


def test_a_grade_column_of_text_is_refused():
    with pytest.raises(LogError, match=r"log\.grade: column 'judged' must hold numbers; found Str"):
        own_grade(["good"])


@pytest.mark.parametrize(
    ("when", "message"),
    [
        (
            "clics > 0",
            r"did you mean 'clicks' \(events\.counts\.clicks\)",
        ),
        (
            "dwell > 3",
            r"did you mean 'dwell_s' \(events\.sums\.dwell_s\)\?; got 'dwell'",
        ),
        ("skiped", r"grades\[0\]\.when: no such column; did you mean 'skipped' \(acted\)\?; got"),
    ],
)
def test_a_misspelt_column_may_mean_one_that_the_job_makes(when, message):
    settings = job(
        events__sums={"dwell_s": {"action": "click", "value": "seconds"}},
        acted={"when": "clicks > 0"},
        grades=[{"grade": 1, "when": when}],
    )
    with pytest.raises(ConfigError, match=message):
        read_impressions(as_file(log()), settings)


def test_a_rule_reads_sums_largest_values_and_what_was_seen():
    dwell = {"action": "click", "value": "seconds"}
    settings = job(
        events__sums={"dwell_s": dwell},
        events__maxima={"longest_s": dwell},
        acted={"when": "dwell_s > 0"},
        grades=[
            {"grade": 2, "when": "longest_s >= 30"},
            {"grade": 1, "when": "NOT examined AND num_acted IN (1, 2)"},
        ],
    )
    rows = read_impressions(as_file(log(1)), settings).with_columns(
        pl.lit(None, pl.String).alias("reason"),
        pl.Series("log/dwell_s", [0.0, 40.0, 0.0]),
        pl.Series("log/longest_s", [None, 30.0, None], dtype=pl.Float64),
    )
    got = label(derive(rows, settings), settings).collect()
    assert got["grade"].to_list() == [0, 2, 1]
