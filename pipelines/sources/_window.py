"""A window of days, and the paths and folders that are named after days."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.errors import LogError

DAY = re.compile(r"\{date(?::([^{}]*))?\}")
FOLDER = "date"
"""A folder ``date=2026-11-20`` holds the rows of that day."""


@dataclass(frozen=True, slots=True)
class Window:
    """Some days in a row, or all of them but some.

    Example:
        >>> [str(day) for day in Window(date(2026, 11, 21), 2)]
        ['2026-11-20', '2026-11-21']
        >>> [str(day) for day in Window(date(2026, 11, 21), 2, frozenset({date(2026, 11, 20)}))]
        ['2026-11-21']
    """

    last: date
    days: int
    left_out: frozenset[date] = frozenset()

    def __iter__(self) -> Iterator[date]:
        """Yield the days, the earliest first."""
        for before in range(self.days - 1, -1, -1):
            day = self.last - timedelta(days=before)
            if day not in self.left_out:
                yield day

    def __contains__(self, day: object) -> bool:
        """Whether a day is one of the window's."""
        if not isinstance(day, date) or day in self.left_out:
            return False
        return 0 <= (self.last - day).days < self.days


def has_day(path: str) -> bool:
    """Whether ``{date}`` stands in a path."""
    return DAY.search(path) is not None


def on_day(path: str, day: date) -> str:
    """Put a day into a path: as 2026-11-20, or as strftime is told after a colon.

    Example:
        >>> on_day("logs/{date:%Y/%m}/{date}.csv", date(2026, 11, 20))
        'logs/2026/11/2026-11-20.csv'
    """
    return DAY.sub(lambda found: day.strftime(found[1] or "%Y-%m-%d"), path)


def day_of(value: str, where: object) -> date:
    """Read the day that a folder is named after.

    Raises:
        LogError: It is no day.
    """
    try:
        return date.fromisoformat(value)
    except ValueError:
        rule = f"{where}: a folder {FOLDER}=… must be named after a day, e.g. {FOLDER}=2026-11-20"
        raise LogError(stage="read", rule=rule, found=repr(value)) from None


def told(days: Sequence[date]) -> str:
    """Write days in a row as a range.

    Example:
        >>> told([date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 5)])
        '2026-01-01 to 2026-01-02, 2026-01-05'
    """
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
