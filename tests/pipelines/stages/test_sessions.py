import polars as pl

from pipelines.stages.sessions import bot_sessions, session_counts


def counted(frame):
    return session_counts(frame.lazy()).sort("session_id").collect()


def rows(*pairs, reason=None):
    frame = pl.DataFrame(pairs, schema=["session_id", "query_id"], orient="row")
    return frame.with_columns(reason=pl.lit(reason, dtype=pl.String))


def test_lists_are_counted_not_rows():
    assert counted(rows(("x", "a"), ("x", "a"), ("x", "b"), ("y", "c"))).rows() == [
        ("x", 2),
        ("y", 1),
    ]


def test_unusable_rows_and_rows_without_a_session_are_nobodys():
    nobody = rows((None, "a"), ("x", "b")).filter(pl.col("session_id").is_null())
    assert counted(nobody).is_empty()
    assert counted(rows(("x", "a"), reason="time is null")).is_empty()


def test_pieces_that_hold_whole_queries_add_up_to_the_log():
    frame = rows(*[(f"s{number % 3}", f"q{number}") for number in range(10)])
    pieces = [frame[:3], frame[3:4], frame[4:], frame.clear()]
    got = bot_sessions([session_counts(piece.lazy()) for piece in pieces], most=3).collect()
    assert got["session_id"].to_list() == ["s0"]
    assert got.equals(bot_sessions([session_counts(frame.lazy())], most=3).collect())
