"""Sessions: find those with more lists than a person asks for.

The number of lists of a session is a total over the log, so it is counted in pieces. A piece holds
whole queries, none of them is in two pieces, so the pieces' counts add up exactly.

Memory: one record, the session's name and a number, for every session of the log; only where
``lists.max_per_session`` is set.

in   rows with query_id, session_id and ``reason``: as ``validate`` makes them, before filters
out  session_counts: one row per session: session_id, lists
     bot_sessions:   the sessions above the cap
"""

from collections.abc import Sequence

import polars as pl

from pipelines.stages.limit import USABLE


def session_counts(validated: pl.LazyFrame) -> pl.LazyFrame:
    """Count the lists of each session; a row without a session is nobody's."""
    known = validated.filter(USABLE & pl.col("session_id").is_not_null())
    return known.group_by("session_id").agg(pl.col("query_id").n_unique().alias("lists"))


def bot_sessions(counts: Sequence[pl.LazyFrame], most: int) -> pl.LazyFrame:
    """Return the column ``session_id`` of the sessions with more than ``most`` lists, sorted.

    Args:
        counts: What ``session_counts`` says of each piece of the log.
        most: ``lists.max_per_session``.
    """
    total = pl.concat(counts).group_by("session_id").agg(pl.col("lists").sum())
    return total.filter(pl.col("lists") > most).select("session_id").sort("session_id")
