import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.config import ListLimits
from pipelines.contracts import FILTERED
from pipelines.errors import ConfigError
from pipelines.stages.limit import BEYOND, BOT, LONG, NO_POSITIVE, ONE_GRADE, SHORT, limit
from tests.pipelines.job_tables import job

CUT = FILTERED + BEYOND


def rows(queries, grades=None, broken=()):
    """One row per letter of ``queries``; grades as digits; documents d0, d1 … in logged order."""
    size = len(queries)
    return pl.DataFrame(
        {
            "row": range(size),
            "query_id": list(queries),
            "document_id": [f"d{number}" for number in range(size)],
            "session_id": [query.upper() for query in queries],
            "position": range(1, size + 1),
            "grade": [int(grade) for grade in grades or "0" * size],
            "reason": ["broken" if row in broken else None for row in range(size)],
        },
        schema_overrides={"reason": pl.String, "grade": pl.UInt8, "row": pl.UInt32},
    )


def limited(frame, bots=None, **limits):
    settings = ListLimits(**{"min_documents": 2, "max_documents": 3, **limits})
    return limit(frame.lazy(), settings, bots).collect()["reason"].to_list()


def test_lists_outside_the_limits_are_left_out_whole():
    assert limited(rows("abbccccbd")) == [SHORT, None, None, LONG, LONG, LONG, LONG, None, SHORT]


def test_only_usable_rows_count_towards_a_lists_length():
    assert limited(rows("aaaa", broken={0})) == ["broken", None, None, None]
    assert limited(rows("aa", broken={0})) == ["broken", SHORT]


def test_a_list_that_is_cut_keeps_its_positives_and_the_first_of_the_rest():
    assert limited(rows("aaaaa", "00010"), longer="cut") == [None, None, CUT, None, CUT]


def test_a_list_is_cut_in_its_own_order():
    turned = rows("aaaaa", "00010").with_columns(pl.Series("list/order", [3, 1, None, 4, 2]))
    assert limited(turned, longer="cut") == [CUT, None, CUT, None, None]
    falling = {"order": "price", "direction": "descending"}
    assert limited(turned, longer="cut", **falling) == [None, CUT, CUT, None, None]


@pytest.mark.parametrize("longer", ["cut", "sample"])
def test_a_list_with_more_positives_than_it_may_have_documents_is_left_out(longer):
    assert limited(rows("aaaaa", "11110"), longer=longer) == [LONG] * 5
    assert limited(rows("aaaaa", "11100"), longer=longer) == [None, None, None, CUT, CUT]


def drawn(queries, seed=0):
    got = limited(rows(queries, "1" + "0" * (len(queries) - 1)), longer="sample", seed=seed)
    return [row for row, reason in enumerate(got) if reason is None]


def test_a_sampled_list_keeps_its_positives_and_some_of_the_rest():
    assert drawn("a" * 20)[0] == 0
    assert len(drawn("a" * 20)) == 3
    assert len({tuple(drawn("a" * 20, seed)) for seed in range(20)}) > 10


def test_every_document_is_sampled_about_as_often():
    taken = [row for seed in range(600) for row in drawn("a" * 11, seed)[1:]]
    counts = [taken.count(row) for row in range(1, 11)]
    assert sum(counts) == 1200
    assert min(counts) > 80
    assert max(counts) < 160


def test_what_is_drawn_hangs_on_seed_query_and_document_alone():
    frame = rows("aaaabbbbbbbcc", "1000" + "0" * 9)
    whole = dict(zip(frame["document_id"], limited(frame, longer="sample"), strict=True))
    turned = frame.sample(fraction=1, shuffle=True, seed=1).with_columns(row=pl.int_range(pl.len()))
    for query in "abc":
        piece = turned.filter(pl.col("query_id") == query)
        got = dict(zip(piece["document_id"], limited(piece, longer="sample"), strict=True))
        assert got == {document: whole[document] for document in got}


@pytest.mark.parametrize(
    ("require", "expected"),
    [
        ("nothing", [None] * 6),
        ("positive", [NO_POSITIVE, NO_POSITIVE, None, None, None, None]),
        ("two grades", [ONE_GRADE, ONE_GRADE, None, None, ONE_GRADE, ONE_GRADE]),
    ],
)
def test_a_list_must_have_what_is_required_of_it(require, expected):
    assert limited(rows("aabbcc", "000111"), require=require) == expected


def test_a_grade_of_an_unusable_row_does_not_count():
    got = limited(rows("aaa", "001", broken={2}), require="positive")
    assert got == [NO_POSITIVE, NO_POSITIVE, "broken"]


def test_rows_of_a_bots_session_are_left_out_before_lists_are_measured():
    frame = rows("aaabb").with_columns(session_id=pl.Series(["A", "A", "X", "B", None]))
    bots = pl.Series(["X", "Y"])
    assert limited(frame, bots) == [None, None, BOT, None, None]


def test_no_list_is_required_of_an_empty_log():
    assert limited(rows("").clear(), longer="sample", require="two grades") == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lists__longer": "drop"}, r"^lists\.longer: must be 'leave out', 'cut' or 'sample'"),
        ({"lists__direction": "descending"}, r"^lists\.direction: belongs to lists\.order"),
        (
            {"lists__max_per_session": 5, "log__session": None, "events": None},
            r"^log\.session: is needed for lists\.max_per_session$",
        ),
    ],
)
def test_limits_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        job(**changes)


documents = st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.booleans())


@settings(deadline=None)
@given(st.lists(documents, max_size=25), st.sampled_from(["cut", "sample"]), st.randoms())
def test_no_order_of_the_rows_changes_what_is_kept(drawn_rows, longer, shuffle: random.Random):
    frame = rows(
        "".join(query for query, _, _ in drawn_rows),
        "".join(str(grade) for _, grade, _ in drawn_rows),
        {row for row, (_, _, broken) in enumerate(drawn_rows) if broken},
    )
    turn = shuffle.sample(range(frame.height), frame.height)
    expected = limited(frame, longer=longer, require="positive")
    got = limited(frame[turn], longer=longer, require="positive")
    assert got == [expected[row] for row in turn]
    kept = frame.filter(pl.Series([reason is None for reason in expected], dtype=pl.Boolean))
    assert kept.group_by("query_id").len()["len"].is_between(2, 3).all()
