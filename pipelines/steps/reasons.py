"""Count why rows are in no list."""

from collections import Counter
from collections.abc import Iterable, Mapping

import polars as pl

from pipelines.contracts import REASON


def count_reasons(rows: pl.DataFrame) -> dict[str, int]:
    """Return the rows of each reason."""
    return dict(rows[REASON].drop_nulls().value_counts().iter_rows())


def add_up(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sums, the largest first.

    Example:
        >>> add_up([{"short": 1}, {"short": 1, "null": 3}])
        {'null': 3, 'short': 2}
    """
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))
