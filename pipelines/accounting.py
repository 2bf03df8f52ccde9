"""Where every row of the log ends: in a list, under a filter's name, or among the rejects."""

from collections.abc import Iterable, Mapping

import polars as pl

from ltr.data.manifest import Rows
from pipelines.contracts import FILTERED, REASON

REJECTED = pl.col(REASON).is_not_null() & ~pl.col(REASON).str.starts_with(FILTERED)
"""Whether a row is kept with the rejects."""


def count_reasons(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return ``reason`` and ``len``: rows per reason, null for those that are in lists."""
    return rows.group_by(REASON).len()


def fates(counts: Iterable[pl.DataFrame], filters: Iterable[str] = ()) -> Rows:
    """Add up what became of the rows of the log.

    Args:
        counts: What ``count_reasons`` says of each piece of the log.
        filters: Names of the filters; one that holds for no row is counted too.

    Example:
        >>> reasons = [None, None, FILTERED + "ads", "time is null"]
        >>> piece = count_reasons(pl.LazyFrame({"reason": reasons})).collect()
        >>> fates([piece], filters=["ads", "tests"])
        Rows(read=4, kept=2, filtered={'ads': 1, 'tests': 0}, rejected={'time is null': 1})
    """
    total: dict[str | None, int] = {}
    for reason, number in (row for frame in counts for row in frame.iter_rows()):
        total[reason] = total.get(reason, 0) + number
    read, kept = sum(total.values()), total.pop(None, 0)
    filtered = {FILTERED + name: 0 for name in filters}
    rejected: dict[str, int] = {}
    for reason, number in total.items():
        fate = filtered if reason and reason.startswith(FILTERED) else rejected
        fate[str(reason)] = number
    named = {name.removeprefix(FILTERED): number for name, number in _most_first(filtered).items()}
    return Rows(read=read, kept=kept, filtered=named, rejected=_most_first(rejected))


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
