"""Make the sample log: `python sample_data/make.py [--out FOLDER] [--sessions-per-day NUMBER]`.

The same seed writes the same bytes at each run, whatever the number of threads. README.md describes
every file and column; world.py draws users, documents and pages, behaviour.py lets the users act,
dirt.py spoils what they did.
"""

import argparse
import logging
from pathlib import Path

import numpy as np
import polars as pl
from behaviour import act, attraction, examination, log_events, relevance
from dirt import bot_page, spoil_events, spoil_impressions
from world import (
    CATEGORIES,
    DAY_US,
    DAYS,
    DEVICES,
    FIRST_DAY,
    SECOND_US,
    SESSIONS_PER_DAY,
    Documents,
    make_documents,
    make_impressions,
    make_users,
)

SEED = 20261005
IMPRESSION_COLUMNS = ["request_id", "session_id", "user_id", "time", "segment", "device", "hour"]
IMPRESSION_COLUMNS += ["position", "document_id", "category", "brand", "tags"]
IMPRESSION_COLUMNS += ["price", "age_days", "quality", "match"]


def main() -> None:
    """Read the arguments, make the log, say where it is."""
    parser = argparse.ArgumentParser(description="Make the sample log.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="FOLDER")
    parser.add_argument(
        "--sessions-per-day",
        type=int,
        default=SESSIONS_PER_DAY,
        metavar="NUMBER",
        help="a busier shop, of the same users and documents (default: %(default)s)",
    )
    told = parser.parse_args()
    if told.sessions_per_day < SESSIONS_PER_DAY:
        parser.error(f"--sessions-per-day must be at least {SESSIONS_PER_DAY}")
    make(told.out, told.sessions_per_day)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.info("wrote impressions/, events/ and truth.parquet to %s", told.out)


def make(out: Path, sessions_per_day: int = SESSIONS_PER_DAY) -> None:
    """Write `impressions/`, `events/` and `truth.parquet` into the folder `out`."""
    rng = np.random.default_rng(SEED)
    documents, users = make_documents(rng), make_users(rng)
    shown = make_impressions(rng, users, documents, sessions_per_day)
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
    bot = bot_page(rng, shown)
    events = spoil_events(rng, log_events(rng, shown), shown, bot)
    everything = pl.concat([shown, bot], how="diagonal")
    impressions = spoil_impressions(rng, name_impressions(everything, documents))
    _write_days(impressions.select("day", *IMPRESSION_COLUMNS), out / "impressions")
    _write_days(name_events(events), out / "events")
    write(name_truth(shown), out / "truth.parquet")


def name_impressions(shown: pl.DataFrame, documents: Documents) -> pl.DataFrame:
    """The log as its owner sees it: ids as text, the catalogue's columns beside each document."""
    day = pl.col("time_us") // DAY_US
    rows = shown.join(_catalogue(documents), on="document", maintain_order="left")
    return rows.with_columns(
        pl.col("position").cast(pl.Int32),
        pl.col("hour").cast(pl.Int32),
        (pl.col("age_days") + day).cast(pl.Int32),
        _identifier("r", "request", 4).alias("request_id"),
        _identifier("s", "session", 4).alias("session_id"),
        _identifier("u", "user", 3).alias("user_id"),
        _identifier("segment", "segment", 1),
        pl.lit(pl.Series(DEVICES)).gather(pl.col("device")).alias("device"),
        _moment().alias("time"),
        day.alias("day"),
    ).sort("time", "request", "position")


def _catalogue(documents: Documents) -> pl.DataFrame:
    """One row per document: what the log says of it."""
    columns = {
        "document": np.arange(len(documents.price)),
        "brand": documents.brand,
        "price": documents.price,
        "age_days": documents.age_days,
        "quality": documents.quality,
    }
    tags = [[f"t-{tag:02d}" for tag in np.flatnonzero(row)] for row in documents.tags]
    return pl.DataFrame(columns).with_columns(
        _identifier("d", "document", 4).alias("document_id"),
        _identifier("b", "brand", 2),
        pl.col("quality").fill_nan(None),
        category=pl.lit(pl.Series(CATEGORIES)).gather(pl.Series(documents.category)),
        tags=pl.Series(tags),
    )


def _identifier(letter: str, column: str, width: int) -> pl.Expr:
    """Numbers as text ids of one length, such as `d-0042`; null stays null."""
    digits = pl.col(column).cast(pl.String).str.zfill(width)
    return (pl.lit(f"{letter}-") + digits).alias(column)


def _moment() -> pl.Expr:
    """The time of the log in microseconds, without a zone."""
    return pl.lit(FIRST_DAY, pl.Datetime("us")) + pl.duration(microseconds="time_us")


def name_events(events: pl.DataFrame) -> pl.DataFrame:
    """Events with their logged names, by time."""
    return events.select(
        _identifier("s", "session", 4).alias("session_id"),
        _identifier("d", "document", 4).alias("document_id"),
        _moment().alias("time"),
        "action",
        (pl.col("time_us") // DAY_US).alias("day"),
    ).sort("time", "session_id", "document_id", "action")


def name_truth(shown: pl.DataFrame) -> pl.DataFrame:
    """What no log says: the relevance, the two chances of the click model, and what was done."""
    return shown.select(
        _identifier("r", "request", 4).alias("request_id"),
        _identifier("d", "document", 4).alias("document_id"),
        "relevance",
        "attraction",
        "examination",
        "grade",
    )


def _write_days(rows: pl.DataFrame, folder: Path) -> None:
    """One file per day, named by its date; a null time stays in the file of its page."""
    folder.mkdir(parents=True, exist_ok=True)
    for day in range(DAYS):
        date = np.datetime64(FIRST_DAY.date()) + day
        write(rows.filter(pl.col("day") == day).drop("day"), folder / f"{date}.parquet")


def write(rows: pl.DataFrame, path: Path) -> None:
    """Write one Parquet file that depends on nothing but its rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(path, compression="zstd", compression_level=9, row_group_size=100_000)


if __name__ == "__main__":
    main()
