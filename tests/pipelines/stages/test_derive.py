import polars as pl
import pytest

from pipelines.errors import ConfigError
from pipelines.stages.derive import derive
from pipelines.stages.read import read_impressions
from tests.pipelines.job_tables import as_file, job, log

NONE = {"events": None, "log__session": None, "features__document": {"ids": ["item"]}}


def derived(prices, positions=None, beyond=0, reasons=None):
    settings = job(
        **NONE,
        acted={"when": "price > 0", "beyond": beyond},
        grades=[{"grade": 2, "when": "acted"}, {"grade": 1, "when": "skipped OR num_acted > 9"}],
    )
    number = len(prices)
    frame = log(1, number).with_columns(
        price=pl.Series(prices, dtype=pl.Float64),
        rank=pl.Series(positions or range(1, number + 1)),
    )
    rows = read_impressions(as_file(frame), settings)
    reasons = pl.Series("reason", reasons or [None] * number, dtype=pl.String)
    got = derive(rows.with_columns(reasons), settings).collect()
    return {name: got[f"log/{name}"].to_list() for name in ("acted", "skipped", "examined")}


def test_documents_above_the_lowest_one_acted_on_are_skipped_and_examined():
    got = derived([0, 1, 0, 1, 0, 0])
    assert got["acted"] == [False, True, False, True, False, False]
    assert got["skipped"] == [True, False, True, False, False, False]
    assert got["examined"] == [True] * 4 + [False] * 2


def test_some_documents_below_count_as_examined_where_the_job_says_so():
    assert derived([0, 1, 0, 0, 0], beyond=2)["examined"] == [True] * 4 + [False]


def test_it_is_the_position_that_counts_and_not_the_row():
    assert derived([0, 1, 0], positions=[3, 2, 1])["skipped"] == [False, False, True]


def test_in_a_list_without_an_action_nothing_is_skipped_and_nothing_is_examined():
    got = derived([0, None, 0], beyond=9)
    assert not any(value for values in got.values() for value in values)


def test_an_unusable_row_is_neither_acted_on_nor_seen():
    got = derived([0, 0, 1], reasons=[None, None, "bad"])
    assert not any(value for values in got.values() for value in values)


def test_every_list_is_judged_by_itself():
    settings = job(
        **NONE,
        acted={"when": "request = 'q0' AND price > 1"},
        grades=[{"grade": 1, "when": "acted"}],
    )
    rows = read_impressions(as_file(log(2, 3)), settings)
    got = derive(rows.with_columns(reason=pl.lit(None, pl.String)), settings).collect()
    assert got["log/num_acted"].to_list() == [1, 1, 1, 0, 0, 0]
    assert got["log/skipped"].to_list() == [True, True, False] + [False] * 3


def test_without_the_section_nothing_is_added():
    settings = job(**NONE, grades=[{"grade": 1, "when": "price > 0"}])
    rows = read_impressions(as_file(log(1)), settings)
    assert derive(rows, settings) is rows


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("skipped", r"acted\.when: cannot be evaluated \(unable to find column \"skipped\""),
        ("price > AVG(price)", r"acted\.when: must be a condition on one row"),
    ],
)
def test_a_condition_that_cannot_tell_what_was_acted_on_is_refused(when, message):
    settings = job(**NONE, acted={"when": when}, grades=[{"grade": 1, "when": "acted"}])
    with pytest.raises(ConfigError, match=message):
        read_impressions(as_file(log(1)), settings)


def test_a_column_of_the_log_must_not_be_hidden():
    settings = job(**NONE, acted={"when": "price > 0"}, grades=[{"grade": 1, "when": "acted"}])
    with pytest.raises(ConfigError, match=r"acted: must not be a column of the log; got 'skipped'"):
        read_impressions(as_file(log(1).with_columns(skipped=1)), settings)
