from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.config import Parts
from pipelines.errors import ConfigError
from pipelines.stages.split import Cuts, assign, cuts, list_times, split, stamp
from tests.pipelines.job_tables import job

SHARES = Parts(validation=0.2, test=0.3)


def frame(times, queries, reasons=None, keys=None):
    reasons = reasons or [None] * len(times)
    return pl.LazyFrame(
        {"query_id": queries, "time": times, "reason": reasons, "list/part": keys or queries},
        schema_overrides={"query_id": pl.String, "reason": pl.String, "list/part": pl.String},
    )


def parted(times, queries, reasons=None, keys=None, parts=SHARES):
    return split(frame(times, queries, reasons, keys), parts).collect()


def test_the_latest_lists_are_tested_and_the_ones_before_them_validate():
    got = parted(list(range(10)), [f"q{i}" for i in range(10)])["part"].to_list()
    assert got == ["train"] * 5 + ["validation"] * 2 + ["test"] * 3


def test_a_list_goes_where_its_first_document_goes():
    got = parted([0, 1, 2, 9, 3, 4], ["a", "b", "c", "a", "d", "e"])
    assert got.filter(pl.col("query_id") == "a")["part"].to_list() == ["train", "train"]
    assert got.filter(pl.col("query_id") == "a")["list_time"].to_list() == [0, 0]


def test_an_unusable_row_has_no_part_and_moves_no_list():
    got = parted([5, 0, 1], ["a", "a", "b"], [None, "broken", None])
    assert got["part"].to_list()[1] is None
    assert got["list_time"].to_list() == [5, None, 1]


@pytest.mark.parametrize("by", ["time", "hash", "column"])
def test_nothing_usable_leaves_no_parts(by):
    parts = Parts(by=by, column=None if by == "time" else "part")
    got = parted([1, 2], ["a", "b"], ["broken", "broken"], parts=parts)
    assert got["part"].to_list() == [None, None]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=30))
def test_no_list_and_no_moment_is_in_two_parts_and_parts_follow_each_other_in_time(rows):
    got = parted([time for time, _ in rows], [f"q{query}" for _, query in rows])
    assert got["part"].null_count() == 0
    assert got.group_by("query_id").agg(pl.col("part").n_unique())["part"].max() == 1
    assert got.group_by("list_time").agg(pl.col("part").n_unique())["part"].max() == 1
    ordered = got.sort("list_time")["part"].cat.physical().to_list()
    assert ordered == sorted(ordered)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=30), st.integers(1, 4))
def test_pieces_of_a_log_are_parted_as_the_whole_is(rows, num_pieces):
    times, numbers = [time for time, _ in rows], [query for _, query in rows]
    whole = stamp(frame(pl.Series(times, dtype=pl.Int64), [f"q{number}" for number in numbers]))
    expected = split(whole.drop("list_time"), SHARES).collect()
    pieces = [
        whole.filter(
            pl.Series([number % num_pieces == piece for number in numbers], dtype=pl.Boolean)
        )
        for piece in range(num_pieces)
    ]
    found = cuts(pl.concat([list_times(piece) for piece in pieces]).collect().to_series(), SHARES)
    got = pl.concat([assign(piece, SHARES, found) for piece in pieces]).collect()
    order = ["query_id", "time"]
    assert got.sort(order).equals(expected.sort(order))


def test_cuts_of_datetimes_keep_their_microseconds():
    times = [datetime(2026, 1, 1, microsecond=number) for number in range(10)]
    assert cuts(pl.Series(times), SHARES) == Cuts(times[5], times[7])
    got = parted(times, [f"q{number}" for number in range(10)])["part"].to_list()
    assert got == ["train"] * 5 + ["validation"] * 2 + ["test"] * 3


def test_no_list_has_no_cuts():
    assert cuts(pl.Series([], dtype=pl.Int64), SHARES) == Cuts(None, None)


def test_to_split_by_time_the_cuts_are_needed():
    with pytest.raises(ValueError, match="the cuts are needed; got None"):
        assign(stamp(frame([1], ["a"])), SHARES)


NAMES = [f"q{number}" for number in range(2000)]


def by_hash(names, **parts):
    return parted([0] * len(names), names, parts=Parts(by="hash", **parts))["part"].to_list()


def test_a_hash_gives_each_part_about_its_share_whatever_the_times():
    got = by_hash(NAMES, validation=0.2, test=0.3)
    assert 0.27 < got.count("test") / 2000 < 0.33
    assert 0.17 < got.count("validation") / 2000 < 0.23


def test_the_part_by_hash_hangs_on_name_and_seed_alone():
    parts = dict(zip(NAMES, by_hash(NAMES), strict=True))
    assert by_hash(NAMES[7:300]) == [parts[name] for name in NAMES[7:300]]
    assert by_hash(NAMES, seed=1) != by_hash(NAMES)
    # A later release must not move a list into another part of yesterday's split.
    assert by_hash(["q0", "q1", "q6", "q7"]) == ["test", "train", "train", "test"]


def test_a_hashed_column_decides_for_all_lists_that_share_it():
    keys = [f"user {number % 50}" for number in range(2000)]
    parts = Parts(by="hash", column="user", test=0.4)
    got = parted([0] * 2000, NAMES, keys=keys, parts=parts)
    assert got.group_by("list/part").agg(pl.col("part").n_unique())["part"].max() == 1
    assert got["part"].n_unique() == 3


def test_folds_are_tested_once_each_and_validate_once_each():
    folds = [by_hash(NAMES[:300], folds=3, fold=fold) for fold in range(3)]
    for parts in zip(*folds, strict=True):
        assert sorted(parts) == ["test", "train", "validation"]
    assert 70 < folds[0].count("test") < 130


def test_a_column_says_the_part():
    keys = ["test", "train", "validation", "train"]
    got = parted([1, 1, 1, 1], list("abcd"), keys=keys, parts=Parts(by="column", column="fold"))
    assert got["part"].to_list() == keys


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"by": "day"}, r"^split\.by: must be 'time', 'hash' or 'column'; got 'day'$"),
        ({"by": "column"}, r"^split\.column: is needed to split by = \"column\"$"),
        ({"column": "user"}, r"^split\.column: is of no use to split by = \"time\"; got 'user'$"),
        ({"folds": 5}, r"^split\.folds: belongs to split by = \"hash\", not by = \"time\"; got 5$"),
        ({"by": "hash", "folds": 2}, r"^split\.folds: .*greater than or equal to 3; got 2"),
        ({"by": "hash", "folds": 5, "fold": 5}, r"^split\.fold: must be below split\.folds \(5\)"),
        ({"by": "hash", "fold": 1}, r"^split\.fold: must be below split\.folds \(not given\)"),
        ({"seed": -1}, r"^split\.seed: must be greater than or equal to 0; got -1$"),
    ],
)
def test_a_split_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        job(split=changes)
