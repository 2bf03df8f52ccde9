"""The behaviour model: what users want, which positions they look at, and what they then do.

The examination hypothesis (one of the models in Craswell et al., WSDM 2008): a document is clicked
when it is examined, which depends on its position alone, and attractive, which depends on its
relevance alone; no click hides what stands below it, so this is not a cascade.
Carts follow clicks and purchases follow carts, each more often for more relevant documents.
"""

import numpy as np
import polars as pl
from world import LEISURE, Documents, Floats, Ints, Users

EXAMINATION_EXPONENT = 0.4


def relevance(users: Users, documents: Documents, shown: pl.DataFrame) -> Floats:
    """What the user would think of the document, in [0, 1]; position has no part in it."""
    user, document = shown["user"].to_numpy(), shown["document"].to_numpy()
    utility = (
        -4.2
        + 0.8 * (shown["match"].to_numpy() - 8) / 4
        + 2.0 * users.category_taste[user, documents.category[document]]
        + 1.5 * _mean_over_tags(users, documents, shown)
        + 0.5 * (np.nan_to_num(documents.quality[document], nan=3.8) - 3.8) / 0.6
        + 1.0 * documents.appeal[document]
        - _price_penalty(users, documents, shown)
        + 0.8 * _evening_leisure(documents, shown)
    )
    # Rounded before anything is drawn from it, so that the written truth is the whole truth.
    return np.asarray((1 / (1 + np.exp(-utility))).round(4))


def _mean_over_tags(users: Users, documents: Documents, shown: pl.DataFrame) -> Floats:
    """The user's taste for the document's tags, averaged over its tags."""
    tags = documents.tags[shown["document"].to_numpy()]
    taste = users.tag_taste[shown["user"].to_numpy()]
    return np.asarray((tags * taste).sum(axis=1) / tags.sum(axis=1))


def _price_penalty(users: Users, documents: Documents, shown: pl.DataFrame) -> Floats:
    """Thrifty users mind a high price, on a phone (device 0) half as much again."""
    thrift = users.thrift[shown["user"].to_numpy()]
    on_phone = shown["device"].to_numpy() == 0
    price = documents.price[shown["document"].to_numpy()]
    return np.asarray(0.6 * thrift * (1 + 0.5 * on_phone) * np.log(price / 30))


def _evening_leisure(documents: Documents, shown: pl.DataFrame) -> Floats:
    """1 for a leisure category from 18 o'clock on, else 0."""
    leisure = documents.category[shown["document"].to_numpy()] < LEISURE
    return np.asarray(leisure & (shown["hour"].to_numpy() >= 18), dtype=np.float64)


def examination(position: Ints) -> Floats:
    """Chance that a position (from 1) is looked at."""
    return np.asarray((position**-EXAMINATION_EXPONENT).round(6))


def attraction(relevant: Floats) -> Floats:
    """Chance that a document that is looked at is clicked."""
    return np.asarray(0.02 + 0.9 * relevant)


def act(rng: np.random.Generator, shown: pl.DataFrame) -> pl.DataFrame:
    """Add `grade`, the furthest action: 0 nothing, 1 click, 2 cart, 3 purchase."""
    relevant = shown["relevance"].to_numpy()
    dice = rng.random((3, shown.height))
    clicked = dice[0] < shown["examination"].to_numpy() * shown["attraction"].to_numpy()
    carted = clicked & (dice[1] < 0.8 * relevant)
    purchased = carted & (dice[2] < 0.8 * relevant)
    grade = clicked.astype(np.uint8) + carted + purchased
    return shown.with_columns(grade=pl.Series(grade, dtype=pl.UInt8))


def log_events(rng: np.random.Generator, shown: pl.DataFrame) -> pl.DataFrame:
    """Write the actions down as events: click before cart before purchase, before the next page.

    `row` is the row of `shown` that an event comes from; the log will not tell.
    """
    waits = np.sort(rng.uniform(0.02, 0.95, (shown.height, 3)), axis=1)
    gap_ms = shown["gap_us"].to_numpy()[:, None] // 1000
    at = shown["time_us"].to_numpy()[:, None] + (waits * gap_ms).astype(np.int64) * 1000
    actions = [
        shown.with_row_index("row")
        .with_columns(time_us=pl.Series(at[:, number - 1]), action=pl.lit(action))
        .filter(pl.col("grade") >= number)
        .select("session", "document", "time_us", "action", "row")
        for number, action in enumerate(["click", "cart", "purchase"], start=1)
    ]
    return pl.concat(actions)
