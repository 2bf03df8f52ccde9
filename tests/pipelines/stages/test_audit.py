from datetime import date, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.stages.audit import AUDIT, audit, merge_audits, silent_rules
from pipelines.stages.label import label
from pipelines.stages.read import read_impressions
from tests.pipelines.job_tables import as_file, job, log

RULES = ((1, "price >= 1"), (2, "price >= 2"))


def settings(*rules, **changes):
    return job(
        events=None,
        log__session=None,
        features__document={"ids": ["item"]},
        **({"grades": [{"grade": g, "when": w} for g, w in rules]} | changes),
    )


def rows(frame, jobs, reason=None):
    read = read_impressions(as_file(frame), jobs)
    return read.with_columns(reason=pl.lit(reason, dtype=pl.String))


def test_rows_are_counted_per_day_and_grade():
    first = log(1, 4).with_columns(shown=pl.lit(datetime(2026, 3, 1, 23, 59)))
    second = log(1, 2).with_columns(shown=pl.lit(datetime(2026, 3, 2)))
    got = audit(rows(pl.concat([first, second]), settings(*RULES)), settings(*RULES)).collect()
    one, two = date(2026, 3, 1), date(2026, 3, 2)
    assert got.schema == AUDIT
    assert got.rows() == [
        (one, 0, None, 1, 1),
        (one, 1, "price >= 1", 3, 1),
        (one, 2, "price >= 2", 2, 2),
        (two, 0, None, 1, 1),
        (two, 1, "price >= 1", 1, 1),
        (two, 2, "price >= 2", 0, 0),
    ]


def test_a_clock_of_whole_numbers_has_no_days_and_unusable_rows_do_not_count():
    jobs = settings(*RULES)
    assert audit(rows(log(2, 3), jobs), jobs).collect()["day"].unique().to_list() == [None]
    assert audit(rows(log(2, 3), jobs, reason="bad"), jobs).collect().is_empty()


@given(st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_the_audits_of_parts_merge_into_that_of_the_whole(parts):
    jobs = settings(*RULES)
    frame = log(6, 4).with_columns(shown=datetime(2026, 3, 1) + timedelta(days=1) * pl.col("shown"))
    whole = rows(frame, jobs)
    part = pl.col("query_id").replace_strict([f"q{i}" for i in range(6)], parts)
    cut = [audit(whole.filter(part == one), jobs).collect() for one in range(3)]
    assert_frame_equal(merge_audits(cut), audit(whole, jobs).collect())


def test_what_is_given_adds_up_to_the_grades():
    jobs = settings(*RULES)
    audited = audit(rows(log(3, 5), jobs), jobs).collect()
    grades = label(rows(log(3, 5), jobs), jobs).collect()["grade"].value_counts()
    assert dict(audited.select("grade", "given").rows()) == dict(grades.rows())


def test_a_rule_that_holds_nowhere_or_is_always_outdone_is_told():
    jobs = settings((1, "price >= 3"), (2, "price > 99"), (3, "price >= 2"))
    whole = merge_audits([audit(rows(log(2, 4), jobs), jobs).collect()])
    assert silent_rules(whole, jobs) == [
        "grades[0] gives its grade to none of the 2 rows on which it holds: "
        "a higher grade's rule holds on all of them",
        "grades[1].when holds on no usable row: price > 99",
    ]


def test_a_log_with_its_own_grade_has_an_empty_audit_and_an_empty_log_silent_rules():
    own = settings(grades=None, log__grade="price")
    assert audit(rows(log(1), own), own).collect().is_empty()
    assert len(silent_rules(merge_audits([]), settings(*RULES))) == 2
