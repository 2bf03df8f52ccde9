"""Leakage: refuse a job whose test part the training part, or the past, knows already.

What is seen of a log is counted in pieces, each of which holds whole queries, and added up.

Memory: one record for every value of ``leakage.key`` in a piece; ``buckets`` bounds what is held
when the pieces are added up.
"""

from collections.abc import Sequence

import polars as pl

from pipelines.config import Job
from pipelines.contracts import KEY, KNOWN_AT, PARTS, REASON
from pipelines.errors import LogError
from pipelines.stages.vet import FUTURE


def parts_of_keys(parted: pl.LazyFrame, job: Job) -> pl.LazyFrame:
    """Say in which parts the keys of a piece of the log are.

    Args:
        parted: Whole lists with ``part``.
        job: Its ``[leakage]`` and ``[split]``.

    Returns:
        ``what`` (``key``: a value of ``leakage.key``; ``list``: a list that is in two parts),
        ``name``, and a Boolean column per part.
    """
    usable = parted.filter(pl.col("part").is_not_null())
    found = [_parts_of(usable.select(pl.lit(None, pl.String).alias("name"), "part").clear(), "key")]
    if job.leakage.key:
        found.append(_parts_of(usable.select(pl.col(KEY).alias("name"), "part"), "key"))
    if job.split.column:
        lists = _parts_of(usable.select(pl.col("query_id").alias("name"), "part"), "list")
        found.append(lists.filter(_in_two_parts()))
    return pl.concat(found)


def refuse_shared_keys(pieces: Sequence[pl.LazyFrame], job: Job, buckets: int = 1) -> None:
    """Refuse lists and keys that are in two parts.

    Args:
        pieces: What ``parts_of_keys`` says of each piece.
        job: Its ``[leakage]`` and ``[split]``.
        buckets: Into how many the keys are cut, to be looked at one after another.

    Raises:
        LogError: There are some; how many and the first of them.
    """
    for what, rule in (
        ("list", f"split.column: {job.split.column!r} must name one part for a whole list"),
        ("key", f"leakage.key: no value of {job.leakage.key!r} may be in two parts"),
    ):
        named = pl.concat(pieces).filter(pl.col("what") == what)
        keys, shared = _add_up(named, buckets)
        if not shared.is_empty():
            first = shared.sort("name").row(0, named=True)
            of_all = f" of {keys:,} values" if what == "key" else ""
            places = " and ".join(part for part in PARTS if first[part])
            found = f"{shared.height:,}{of_all} in two parts, e.g. {first['name']!r} in {places}"
            raise LogError(stage="leakage", rule=rule, found=found)


def from_the_future(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Count the rows of a piece that know what came later: one row, with the first such row.

    Args:
        rows: As ``pipelines.stages.vet`` or any stage after it makes them.
    """
    late = pl.col(REASON) == FUTURE
    example = [pl.col("row"), pl.col(KNOWN_AT).cast(pl.String), pl.col("time").cast(pl.String)]
    return rows.select(
        pl.len().alias("rows"),
        late.sum().alias("late"),
        *(column.filter(late).sort_by(pl.col("row").filter(late)).first() for column in example),
    )


def refuse_future(pieces: Sequence[pl.LazyFrame], job: Job) -> None:
    """Refuse a log with more rows from the future than ``leakage.tolerance`` allows.

    Args:
        pieces: What ``from_the_future`` says of each piece.
        job: Its ``[leakage]``.

    Raises:
        LogError: It has; how many and the first of them.
    """
    total = pl.concat(pieces).sort("row", nulls_last=True).collect()
    late, rows = int(total["late"].sum()), int(total["rows"].sum())
    if late <= job.leakage.tolerance * rows:
        return
    first = total.row(0, named=True)
    columns = " or ".join(map(repr, job.leakage.known_at))
    rule = f"leakage.known_at: {columns} must not be later than {job.log.time!r}"
    example = f"row {first['row']:,}, known at {first[KNOWN_AT]} and shown at {first['time']}"
    found = f"{late:,} of {rows:,} rows where it is, e.g. {example}"
    raise LogError(stage="leakage", rule=rule, found=found)


def _parts_of(named: pl.LazyFrame, what: str) -> pl.LazyFrame:
    in_parts = [(pl.col("part") == part).any().alias(part) for part in PARTS]
    known = named.drop_nulls("name").group_by("name").agg(in_parts)
    return known.select(pl.lit(what).alias("what"), pl.col("name").cast(pl.String), *PARTS)


def _add_up(named: pl.LazyFrame, buckets: int) -> tuple[int, pl.DataFrame]:
    """Return how many keys there are, and those of them that are in two parts."""
    num_keys, shared = 0, []
    for bucket in range(buckets):
        some = named.filter(pl.col("name").hash() % buckets == bucket)
        keys = some.group_by("name").agg(pl.col(PARTS).any()).collect()
        num_keys += keys.height
        shared.append(keys.filter(_in_two_parts()))
    return num_keys, pl.concat(shared)


def _in_two_parts() -> pl.Expr:
    return pl.sum_horizontal(pl.col(PARTS)) > 1
