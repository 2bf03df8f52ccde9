from datetime import UTC, datetime

import polars as pl
import pytest

from pipelines.errors import LogError
from pipelines.stages.read import read_impressions
from pipelines.stages.vet import FUTURE, NO_KEY, NO_PART, vet
from tests.pipelines.job_tables import as_file, job, log


def vetted(frame, **changes):
    settings = job(**changes)
    rows = read_impressions(as_file(frame), settings)
    return vet(rows.with_columns(reason=pl.lit(None, dtype=pl.String)), settings).collect()


def test_a_job_without_such_columns_has_none_of_them():
    assert not [name for name in vetted(log()).columns if name.startswith("list/")]


def test_a_feature_from_the_future_makes_a_row_unusable():
    frame = log(1, 4).with_columns(
        computed=pl.Series([-5, 0, 1, None]), rolled=pl.Series([0, 0, 0, 7])
    )
    assert vetted(frame, leakage__known_at=["computed"])["reason"].to_list() == [
        None,
        None,
        FUTURE,
        None,
    ]
    both = vetted(frame, leakage__known_at=["computed", "rolled"])["reason"].to_list()
    assert both == [None, None, FUTURE, FUTURE]


def test_a_row_without_a_key_or_part_is_unusable():
    frame = log(1, 4).with_columns(fold=pl.Series(["train", "test", "dev", None]))
    by_column = vetted(frame, split={"by": "column", "column": "fold"})
    assert by_column["reason"].to_list() == [None, None, NO_PART, NO_PART]
    by_hash = vetted(frame, split={"by": "hash", "column": "fold"})
    assert by_hash["reason"].to_list() == [None, None, None, NO_KEY]


ZONED = datetime(2026, 1, 1, tzinfo=UTC)
BARE = datetime(2026, 1, 1)


@pytest.mark.parametrize(
    ("shown", "known", "found"),
    [
        (1, BARE, "datetimes without a zone"),
        (BARE, 1, "whole numbers"),
        (BARE, ZONED, "datetimes with a zone"),
        (ZONED, BARE, "datetimes without a zone"),
    ],
)
def test_times_that_cannot_be_compared_are_refused(shown, known, found):
    frame = log(1).with_columns(shown=pl.lit(shown), computed=pl.lit(known))
    rule = rf"leakage\.known_at: column 'computed' must tell time as log\.time .*found {found}"
    with pytest.raises(LogError, match=rule):
        vetted(frame, leakage__known_at=["computed"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"leakage__key": "text"}, r"leakage\.key names column 'text'"),
        ({"leakage__known_at": ["shwn"]}, r"leakage\.known_at names .*did you mean 'shown'"),
        ({"split": {"by": "column", "column": "price"}}, r"split\.column: .* must hold text"),
        ({"lists__order": "rnk"}, r"lists\.order names column 'rnk'.*did you mean 'rank'"),
        ({"lists__order": "tags"}, r"lists\.order: column 'tags' must hold single values"),
    ],
)
def test_a_column_that_is_not_there_or_of_another_kind_is_refused(changes, message):
    with pytest.raises(LogError, match=message):
        vetted(log(), **changes)
