"""Make a log that goes on: `python sample_data/shop.py --out FOLDER [--days N] [--bad-day N]`.

The users and the behaviour of `make.py`, without its dirt, in a shop that changes: tastes turn,
documents come and go, and on the bad day a script buys the last half of most pages. `truth/` says
what the users themselves did and would think, on the bad day too.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from behaviour import act, attraction, examination, log_events, relevance
from make import IMPRESSION_COLUMNS, name_events, name_impressions, name_truth, write
from world import (
    CATEGORIES,
    DAY_US,
    FIRST_DAY,
    PAGE_SIZE,
    PERSONAS,
    SECOND_US,
    TAGS,
    USERS,
    Documents,
    Floats,
    Users,
    Visit,
    make_documents,
    make_users,
    show_session,
)

SEED = 20261105
DAYS, SESSIONS_PER_DAY, PAGES = 30, 60, 4
LIFE_DAYS = 12  # how long a document is sold
TURN = np.pi / 2  # how far a taste turns in 30 days: to one that has nothing to do with it
BAD_SHARE = 0.7  # of the bad day's pages


@dataclass(frozen=True)
class Shop:
    """What lies under all days."""

    documents: Documents
    first_sold: Floats  # [documents], the day a document comes; it goes LIFE_DAYS later
    users: Users
    category_taste: Floats  # [users, categories], what the tastes turn to
    tag_taste: Floats  # [users, TAGS]


def main() -> None:
    """Read the arguments and make the log."""
    parser = argparse.ArgumentParser(description="Make the log of a shop that changes.")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--days", type=int, default=DAYS, metavar="N")
    parser.add_argument("--bad-day", type=int, metavar="N", help="counted from 0")
    parser.add_argument("--sessions-per-day", type=int, default=SESSIONS_PER_DAY, metavar="N")
    told = parser.parse_args()
    shop = open_shop()
    for day in range(told.days):
        make_day(shop, day, told.sessions_per_day, told.out, bad=day == told.bad_day)


def open_shop() -> Shop:
    """Draw the catalogue, the users, and what their tastes turn to."""
    rng = np.random.default_rng(SEED)
    documents, users = make_documents(rng), make_users(rng)
    total = len(documents.price)
    categories = rng.normal(size=(PERSONAS, len(CATEGORIES)))[users.segment]
    return Shop(
        documents=replace(documents, weight=rng.lognormal(0, 0.6, total)),
        first_sold=rng.uniform(-LIFE_DAYS, DAYS + LIFE_DAYS, total).round(),
        users=users,
        category_taste=categories + rng.normal(scale=0.3, size=categories.shape),
        tag_taste=rng.normal(size=(PERSONAS, TAGS))[users.segment],
    )


def make_day(shop: Shop, day: int, sessions: int, out: Path, *, bad: bool) -> None:
    """Write one day's impressions, events and truth."""
    rng = np.random.default_rng([SEED, day])
    users, documents = _users_on(shop, day), _documents_on(shop, day)
    shown = _visits(rng, users, documents, day, sessions)
    shown = shown.with_columns(
        hour=pl.col("time_us") % DAY_US // (3600 * SECOND_US),
        segment=pl.Series(users.segment).gather(shown["user"]),
    )
    relevant = relevance(users, documents, shown)
    shown = shown.with_columns(
        relevance=pl.Series(relevant),
        examination=pl.Series(examination(shown["position"].to_numpy())),
        attraction=pl.Series(attraction(relevant)),
    )
    shown = act(rng, shown)
    events = log_events(rng, _clicked_by_a_script(rng, shown) if bad else shown)
    date = str(np.datetime64(FIRST_DAY.date()) + day)
    rows = name_impressions(shown, documents).select(IMPRESSION_COLUMNS)
    write(rows, out / "impressions" / f"{date}.parquet")
    write(name_events(events).drop("day"), out / "events" / f"{date}.parquet")
    write(name_truth(shown), out / "truth" / f"{date}.parquet")


def _users_on(shop: Shop, day: int) -> Users:
    """The users with that day's tastes, which are never weaker than the first ones."""
    angle = TURN * day / DAYS
    old, new = np.cos(angle), np.sin(angle)
    return replace(
        shop.users,
        category_taste=old * shop.users.category_taste + new * shop.category_taste,
        tag_taste=old * shop.users.tag_taste + new * shop.tag_taste,
    )


def _documents_on(shop: Shop, day: int) -> Documents:
    """The catalogue as that day has it: what is not sold has no weight."""
    sold = (shop.first_sold <= day) & (day < shop.first_sold + LIFE_DAYS)
    return replace(
        shop.documents,
        age_days=-shop.first_sold.astype(np.int64),
        weight=np.where(sold, shop.documents.weight, 0),
    )


def _visits(
    rng: np.random.Generator, users: Users, documents: Documents, day: int, sessions: int
) -> pl.DataFrame:
    """The pages of one day; sessions end before midnight."""
    pages: list[pl.DataFrame] = []
    for number in range(sessions):
        user = int(rng.integers(USERS))
        start_us = day * DAY_US + int(rng.uniform(7, 23) * 3600) * SECOND_US
        session = day * sessions + number
        visit = Visit(session, session * PAGES, user, start_us, int(users.device[user]))
        sizes = rng.integers(PAGE_SIZE[0], PAGE_SIZE[1] + 1, size=PAGES)
        pages += show_session(rng, visit, sizes, users, documents)
    return pl.concat(pages)


def _clicked_by_a_script(rng: np.random.Generator, shown: pl.DataFrame) -> pl.DataFrame:
    """Most pages get purchases on their last half, whatever stands there."""
    pages = shown["request"].unique(maintain_order=True)
    hit = pages.filter(pl.Series(rng.random(len(pages)) < BAD_SHARE))
    last_half = pl.col("position") > pl.col("position").max().over("request") / 2
    hit_rows = pl.col("request").is_in(hit.implode()) & last_half
    return shown.with_columns(grade=pl.when(hit_rows).then(pl.lit(3, pl.UInt8)).otherwise("grade"))


if __name__ == "__main__":
    main()
