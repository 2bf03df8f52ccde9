"""The dirt that real logs have, planted in known counts (README.md lists them, a test recounts).

Rows are lost only where nobody acted, so what `truth` says of every good row stays true of the log.
"""

import numpy as np
import polars as pl
from world import (
    ARCHIVED_DOCUMENTS,
    DAY_US,
    DOCUMENTS,
    NEW_DOCUMENTS,
    SECOND_US,
    TRAINING_DAYS,
    USERS,
    Ints,
)

# Column, the value put into it, in how many rows.
UNUSABLE: list[tuple[str, int | None, int]] = [
    ("request_id", None, 30),
    ("document_id", None, 40),
    ("time", None, 50),
    ("position", 0, 20),
    ("position", -1, 10),
]
BLANKED: list[tuple[str, list[str] | None, int]] = [
    ("match", None, 200),
    ("tags", None, 100),
    ("tags", [], 120),
]
DUPLICATE_ROWS = 150
BOT_DAY, BOT_CLICKS = 3, 300
LATE_PURCHASES, SAME_TIME_CLICKS = 60, 25
UNKNOWN_SESSIONS, NEVER_SHOWN, BEFORE_SHOWN = 70, 80, 45
UNKNOWN_ACTIONS, NULL_EVENT_DOCUMENTS = 90, 15


def bot_page(rng: np.random.Generator, shown: pl.DataFrame) -> pl.DataFrame:
    """One request at three in the morning that was given all there is, archive included."""
    released = np.arange(DOCUMENTS - NEW_DOCUMENTS)
    archived = np.arange(DOCUMENTS, DOCUMENTS + ARCHIVED_DOCUMENTS)
    size = len(released) + len(archived)
    columns = {
        "document": rng.permutation(np.concatenate([released, archived])),
        "match": rng.uniform(0, 12, size).round(2),
        "position": np.arange(1, size + 1),
        "session": np.full(size, shown["session"].to_numpy().max() + 1),
        "request": np.full(size, shown["request"].to_numpy().max() + 1),
        "user": np.full(size, USERS),
        "segment": np.zeros(size, dtype=np.int64),
        "device": np.ones(size, dtype=np.int64),
        "hour": np.full(size, 3),
        "time_us": np.full(size, BOT_DAY * DAY_US + 3 * 3600 * SECOND_US),
        "grade": np.zeros(size, dtype=np.uint8),
    }
    return pl.DataFrame(columns)


def spoil_impressions(rng: np.random.Generator, rows: pl.DataFrame) -> pl.DataFrame:
    """Make some rows unusable, blank features of others, and write others twice.

    `rows` are named impressions with `grade`, the furthest action on each.
    """
    size = pl.len().over("request_id")
    ordinary = rows.select((size > 1) & (size < DOCUMENTS)).to_series().arg_true().to_numpy()
    idle = np.intersect1d(ordinary, (rows["grade"] == 0).arg_true().to_numpy())
    unusable = _draw_apart(rng, idle, [count for _, _, count in UNUSABLE])
    usable = np.setdiff1d(ordinary, np.concatenate(unusable))
    *blanked, twice = _draw_apart(rng, usable, [n for _, _, n in BLANKED] + [DUPLICATE_ROWS])
    for (column, value, _), picked in zip(UNUSABLE, unusable, strict=True):
        rows = _put(rows, picked, column, pl.lit(value))
    for (column, tags, _), picked in zip(BLANKED, blanked, strict=True):
        rows = _put(rows, picked, column, pl.lit(tags, dtype=rows.schema[column]))
    return pl.concat([rows, rows[np.sort(twice)]])


def _draw_apart(rng: np.random.Generator, rows: Ints, counts: list[int]) -> list[Ints]:
    """Disjoint random draws from `rows`, one of each count."""
    drawn = rng.choice(rows, size=sum(counts), replace=False)
    return np.split(drawn, np.cumsum(counts)[:-1])


def _put(frame: pl.DataFrame, picked: Ints, column: str, value: pl.Expr) -> pl.DataFrame:
    """Write `value` into one column of the picked row numbers."""
    here = pl.int_range(pl.len()).is_in(pl.lit(pl.Series(picked)).implode())
    return frame.with_columns(pl.when(here).then(value).otherwise(column).alias(column))


def spoil_events(
    rng: np.random.Generator, events: pl.DataFrame, shown: pl.DataFrame, bot: pl.DataFrame
) -> pl.DataFrame:
    """Move some events in time and add those that belong to nothing."""
    moved = _delay_purchases(rng, _hasten_clicks(rng, events, shown), shown)
    return pl.concat(
        [
            moved.drop("row"),
            _bot_clicks(rng, bot),
            _strays(rng, shown),
            _before_shown(rng, shown),
            _sample(rng, shown, UNKNOWN_ACTIONS).with_columns(action=pl.lit("hover")),
            _sample(rng, shown, NULL_EVENT_DOCUMENTS).with_columns(
                document=pl.lit(None, pl.Int64), action=pl.lit("click")
            ),
        ]
    )


def _hasten_clicks(
    rng: np.random.Generator, events: pl.DataFrame, shown: pl.DataFrame
) -> pl.DataFrame:
    """Give some clicks the very time of their impression (clocks of one second, batched logs)."""
    clicks = (events["action"] == "click").arg_true().to_numpy()
    picked = rng.choice(clicks, SAME_TIME_CLICKS, replace=False)
    return _put(events, picked, "time_us", pl.lit(shown["time_us"].gather(events["row"])))


def _delay_purchases(
    rng: np.random.Generator, events: pl.DataFrame, shown: pl.DataFrame
) -> pl.DataFrame:
    """Let some purchases come one to three days late, long after their session.

    Only where the session never showed the document again, so they still belong where they arose.
    """
    last_page = (
        shown["request"]
        == shown.select(pl.col("request").max().over("session", "document")).to_series()
    )
    early = shown["time_us"] < TRAINING_DAYS * DAY_US
    rows = (last_page & early).arg_true()
    bought = (events["action"] == "purchase") & events["row"].is_in(rows.implode())
    picked = rng.choice(bought.arg_true().to_numpy(), LATE_PURCHASES, replace=False)
    delay_s = pl.Series(rng.integers(24 * 3600, 3 * 24 * 3600, events.height))
    return _put(events, picked, "time_us", pl.col("time_us") + delay_s * SECOND_US)


def _bot_clicks(rng: np.random.Generator, bot: pl.DataFrame) -> pl.DataFrame:
    """The bot clicks far down its list, five times a second."""
    clicked = bot[np.sort(rng.choice(bot.height, BOT_CLICKS, replace=False))]
    nth = pl.int_range(1, pl.len() + 1)
    return clicked.select(
        "session",
        "document",
        time_us=pl.col("time_us") + nth * SECOND_US // 5,
        action=pl.lit("click"),
    )


def _sample(rng: np.random.Generator, shown: pl.DataFrame, count: int) -> pl.DataFrame:
    """Session, document and a time soon after, of randomly chosen impressions."""
    picked = shown[np.sort(rng.choice(shown.height, count, replace=False))]
    return picked.select("session", "document", pl.col("time_us") + 5 * SECOND_US)


def _strays(rng: np.random.Generator, shown: pl.DataFrame) -> pl.DataFrame:
    """Clicks of sessions that no page was logged for, and on documents their session never saw."""
    sampled = _sample(rng, shown, UNKNOWN_SESSIONS + NEVER_SHOWN)
    unknown = sampled.head(UNKNOWN_SESSIONS).with_columns(pl.col("session") + 100_000)
    sessions = sampled.tail(NEVER_SHOWN)
    pairs = shown.select("session", "document").unique(maintain_order=True)
    unseen = [
        rng.choice(np.setdiff1d(np.arange(DOCUMENTS), pairs.filter(session=session)["document"]))
        for session in sessions["session"]
    ]
    never_shown = sessions.with_columns(document=pl.Series(unseen))
    return pl.concat([unknown, never_shown]).with_columns(action=pl.lit("click"))


def _before_shown(rng: np.random.Generator, shown: pl.DataFrame) -> pl.DataFrame:
    """Clicks some seconds before the session first showed the document."""
    first_page = pl.col("request") == pl.col("request").min().over("session", "document")
    first = shown.filter(first_page)
    picked = first[np.sort(rng.choice(first.height, BEFORE_SHOWN, replace=False))]
    early = pl.Series(rng.integers(1, 30, BEFORE_SHOWN)) * SECOND_US
    return picked.select(
        "session", "document", time_us=pl.col("time_us") - early, action=pl.lit("click")
    )
