"""The made world: a catalogue, its users, and the pages that an imperfect ranker showed them.

Numbers that nobody logs (appeal, taste) live here beside those that are logged. Everything is
drawn from one generator in one fixed order, so the same seed gives the same world.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

FIRST_DAY = datetime(2026, 10, 5)  # UTC, like every time in the log
DAYS, TRAINING_DAYS = 10, 7
SESSIONS_PER_DAY = 100
REQUESTS_PER_SESSION = (
    1,
    2,
    3,
    4,
    5,
)  # each equally often: 3,000 requests in all, at 100 sessions a day
USERS, NEW_USERS = 400, 25  # new: first seen after the training days
DOCUMENTS, NEW_DOCUMENTS = 600, 40
ARCHIVED_DOCUMENTS = 940  # only the bot pages through these
UNRATED_DOCUMENTS = 60
PERSONAS = 5
CATEGORIES = ["books", "camping", "games", "garden", "grocery", "kitchen", "shoes", "tools"]
LEISURE = 3  # the first three categories are wanted in the evening
BRANDS, TAGS = 40, 24
DEVICES = ["phone", "desktop", "tablet"]
PAGE_SIZE = (5, 40)
SINGLE_DOCUMENT_REQUESTS = 40
SESSION_POOL = 60  # the documents that one session's pages are drawn from
SECOND_US = 1_000_000
DAY_US = 24 * 3600 * SECOND_US

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Documents:
    """The catalogue; every array starts with one entry per document."""

    category: Ints
    brand: Ints
    tags: NDArray[np.bool_]  # [documents, TAGS]
    price: Floats  # euro
    age_days: Ints  # on the first day; below 0: released later
    quality: Floats  # stars from 1 to 5, NaN where nobody rated it
    appeal: Floats  # standard normal, never logged
    weight: Floats  # how readily it is retrieved; 0 for archived documents


@dataclass(frozen=True)
class Users:
    """The users; every array starts with one entry per user."""

    category_taste: Floats  # [users, categories]
    tag_taste: Floats  # [users, TAGS]
    thrift: Floats  # how much a high price puts them off
    device: Ints
    segment: Ints  # the persona, logged as a marketing segment


def make_documents(rng: np.random.Generator) -> Documents:
    """Draw the catalogue: live documents first, the new ones last among them, then the archive."""
    total = DOCUMENTS + ARCHIVED_DOCUMENTS
    age_days = rng.lognormal(4.5, 1.2, total).astype(np.int64)
    age_days[DOCUMENTS - NEW_DOCUMENTS : DOCUMENTS] = -TRAINING_DAYS
    quality = np.clip(rng.normal(3.8, 0.6, total), 1, 5).round(1)
    rated = DOCUMENTS - NEW_DOCUMENTS
    quality[rng.choice(rated, UNRATED_DOCUMENTS, replace=False)] = np.nan
    return Documents(
        category=rng.integers(len(CATEGORIES), size=total),
        brand=rng.integers(BRANDS, size=total),
        tags=_draw_tags(rng, total),
        price=rng.lognormal(3.4, 1.0, total).round(2),
        age_days=age_days,
        quality=quality,
        appeal=rng.normal(size=total),
        weight=np.where(np.arange(total) < DOCUMENTS, rng.lognormal(0, 0.6, total), 0),
    )


def _draw_tags(rng: np.random.Generator, total: int) -> NDArray[np.bool_]:
    """One to four tags for each document, as booleans `[documents, TAGS]`."""
    order = rng.random((total, TAGS)).argsort(axis=1).argsort(axis=1)
    return np.asarray(order < rng.integers(1, 5, size=(total, 1)))


def make_users(rng: np.random.Generator) -> Users:
    """Draw users as variations of a few personas, so that one user's taste tells of others."""
    persona = rng.integers(PERSONAS, size=USERS)
    own = rng.normal(scale=0.3, size=(USERS, len(CATEGORIES)))
    return Users(
        category_taste=rng.normal(size=(PERSONAS, len(CATEGORIES)))[persona] + own,
        tag_taste=rng.normal(size=(PERSONAS, TAGS))[persona],
        thrift=rng.uniform(0, 1, USERS),
        device=rng.choice(len(DEVICES), size=USERS, p=[0.6, 0.3, 0.1]),
        segment=persona,
    )


def make_impressions(
    rng: np.random.Generator, users: Users, documents: Documents, sessions_per_day: int
) -> pl.DataFrame:
    """Show every page: one row per request and document, positions from 1 in logged order.

    Users, documents and so on are numbers here; `make.py` gives them their logged names. Times are
    microseconds since the first midnight; `gap_us` is the time to the session's next page.
    """
    sessions = _plan_sessions(rng, sessions_per_day)
    lengths = rng.permutation(np.tile(REQUESTS_PER_SESSION, len(sessions) // 5))
    sizes = rng.integers(PAGE_SIZE[0], PAGE_SIZE[1] + 1, size=lengths.sum())
    sizes[rng.choice(len(sizes), SINGLE_DOCUMENT_REQUESTS, replace=False)] = 1
    pages: list[pl.DataFrame] = []
    for session, ((user, start_us), length) in enumerate(zip(sessions, lengths, strict=True)):
        session_sizes = sizes[len(pages) : len(pages) + length]
        visit = Visit(session, len(pages), user, start_us, _draw_device(rng, users, user))
        pages += show_session(rng, visit, session_sizes, users, documents)
    return pl.concat(pages)


@dataclass(frozen=True)
class Visit:
    """What all pages of one session share."""

    session: int
    first_request: int
    user: int
    start_us: int  # microseconds since the first midnight
    device: int


def _plan_sessions(rng: np.random.Generator, per_day: int) -> list[tuple[int, int]]:
    """User and start of each session, by time; no new user comes in the training days."""
    activity = rng.lognormal(0, 0.7, USERS)
    known = USERS - NEW_USERS
    training = TRAINING_DAYS * per_day
    early = _visitors(rng, np.arange(known), activity[:known], training)
    late_count = DAYS * per_day - training
    late = _visitors(rng, np.arange(known, USERS), activity, late_count)
    day = np.arange(DAYS * per_day) // per_day
    # Sessions may run past midnight, save on the last day: nothing is logged after it.
    hour = rng.uniform(7, np.where(day == DAYS - 1, 23, 24))
    start_us = day * DAY_US + (hour * 3600).astype(np.int64) * SECOND_US
    order = np.argsort(start_us, kind="stable")
    visitors = np.concatenate([early, late])
    return [(int(visitors[i]), int(start_us[i])) for i in order]


def _visitors(rng: np.random.Generator, certain: Ints, activity: Floats, count: int) -> Ints:
    """`count` visitors: each certain one at least once, the rest by their activity."""
    chance = activity / activity.sum()
    drawn = rng.choice(len(activity), size=count - len(certain), p=chance)
    return np.asarray(rng.permutation(np.concatenate([certain, drawn])))


def _draw_device(rng: np.random.Generator, users: Users, user: int) -> int:
    """The user's own device four times in five, else any."""
    anything = int(rng.integers(len(DEVICES)))
    return int(users.device[user]) if rng.random() < 0.8 else anything


def show_session(
    rng: np.random.Generator, visit: Visit, sizes: Ints, users: Users, documents: Documents
) -> list[pl.DataFrame]:
    """The session's pages, all drawn from one pool, so documents come back on later pages."""
    wants = np.exp(users.category_taste[visit.user])
    theme = int(rng.choice(len(CATEGORIES), p=wants / wants.sum()))
    pool = _retrieve(rng, documents, theme, visit.start_us // DAY_US)
    gaps_us = rng.integers(40, 400, size=len(sizes)) * SECOND_US
    times_us = visit.start_us + np.concatenate([[0], np.cumsum(gaps_us)[:-1]])
    pages = []
    for number, size in enumerate(sizes):
        chosen = rng.choice(pool, size=size, replace=False)
        match = _text_match(rng, documents.category[chosen] == theme)
        order = np.argsort(-_production_score(rng, documents, chosen, match), kind="stable")
        page = {
            "document": chosen[order],
            "match": match[order],
            "position": np.arange(1, size + 1),
            "session": np.full(size, visit.session),
            "request": np.full(size, visit.first_request + number),
            "user": np.full(size, visit.user),
            "device": np.full(size, visit.device),
            "time_us": np.full(size, times_us[number]),
            "gap_us": np.full(size, gaps_us[number]),
        }
        pages.append(pl.DataFrame(page))
    return pages


def _retrieve(rng: np.random.Generator, documents: Documents, theme: int, day: int) -> Ints:
    """A weighted draw of released documents without replacement (largest Gumbel keys)."""
    released = (documents.weight > 0) & (documents.age_days + day >= 0)
    ids = np.flatnonzero(released)
    keys = np.log(documents.weight[ids]) + 1.8 * (documents.category[ids] == theme)
    keys += rng.gumbel(size=len(ids))
    return np.asarray(ids[np.argsort(-keys, kind="stable")[:SESSION_POOL]])


def _text_match(rng: np.random.Generator, on_theme: NDArray[np.bool_]) -> Floats:
    """How well the text fits the query, from 0 upwards; higher inside the session's theme."""
    return np.asarray(np.clip(rng.normal(6 + 5 * on_theme, 3), 0, None).round(2))


def _production_score(
    rng: np.random.Generator, documents: Documents, chosen: Ints, match: Floats
) -> Floats:
    """The ranker in production: sees match, stars and some appeal; knows nothing of the user."""
    stars = np.nan_to_num(documents.quality[chosen], nan=3.8)
    known = 0.5 * (match - 8) / 4 + 0.4 * (stars - 3.8) / 0.6
    known += 0.4 * documents.appeal[chosen]
    return np.asarray(known + rng.normal(scale=1.8, size=len(chosen)))
