import polars as pl
import pytest

from pipelines.errors import ConfigError
from pipelines.stages.choose import choose
from tests.pipelines.job_tables import as_file, job, log


def test_a_pattern_stands_for_what_nothing_else_names_in_the_order_of_numbers():
    wide = log().with_columns(f10=1.0, f2=2.0, f1=0.0, buys=0).lazy()
    later = wide.with_columns(f3=3.0)
    changes = {"features__document__numbers": ["price", "*"], "features__document__ids": ["f1"]}
    chosen = choose(as_file(wide) + as_file(later), job(**changes))
    assert chosen.features.document.numbers == ("price", "f2", "f3", "f10")


def test_settings_that_fit_none_of_the_columns_that_were_found_are_refused():
    changes = {"features__document__numbers": ["f*"], "features__document__columns": {"g?": {}}}
    with pytest.raises(ConfigError, match=r"features\.document\.columns\.g\?: names no feature"):
        choose(as_file(log().with_columns(f1=1.0)), job(**changes))


def test_a_job_without_patterns_opens_no_file():
    plain = job()
    unreadable = as_file(pl.scan_parquet("no such file"))
    assert choose(unreadable, plain) is plain


def test_a_pattern_that_stands_for_nothing_is_refused():
    rule = r"features\.query\.numbers: is a pattern that stands for no free column.*got 'pri\?'"
    with pytest.raises(ConfigError, match=rule):
        choose(as_file(log().drop("price")), job(features__query__numbers=["pri?"]))
