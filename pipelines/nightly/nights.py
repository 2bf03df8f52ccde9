"""The nights that lie in a folder, by their dates."""

import datetime
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from pipelines.nightly.champion import Pin
from pipelines.nightly.outcome import Outcome

NIGHTS, NIGHT, OUTCOME = "nights", "night.json", "outcome.json"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def dates(nights: Path) -> list[str]:
    """Return the dates of all nights, the earliest first."""
    if not nights.exists():
        return []
    return sorted(one.name for one in nights.iterdir() if _is_date(one.name))


def ended(night: Path) -> Outcome | None:
    """Return how a night ended; None if it did not come to its end."""
    try:
        found = Outcome.model_validate_json((night / OUTCOME).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.status in ("promoted", "kept") else None


def sound(nights: Path, before: str) -> Iterator[Path]:
    """Yield the nights whose lists had not drifted, or were taken by force, the last one first."""
    for date in reversed(dates(nights)):
        outcome = ended(nights / date) if date < before else None
        if outcome and (outcome.forced or not _has_drifted(outcome)):
            yield nights / date


def suspect(nights: Path, date: datetime.date, days: int) -> tuple[datetime.date, ...]:
    """Return the days that a window does without: those that their own nights refused for drift.

    None where they are more than half of it. What is left would differ from the lists of before by
    its size alone, and so every night would be refused for the nights before it, for ever; and
    where one bad day had no night of its own, the days after it were refused in its place.

    Args:
        nights: The folder of all nights.
        date: The last day of the window.
        days: Length of the window.
    """
    found = refused(nights, date, days)
    return found if len(found) <= days // 2 else ()


def refused(nights: Path, date: datetime.date, days: int) -> tuple[datetime.date, ...]:
    """Return the days of a window whose own nights refused them for drift.

    A night that was forced takes the log as it had become by then: days before it are no suspects.

    Args:
        nights: The folder of all nights.
        date: The last day of the window, which is not looked at.
        days: Length of the window.
    """
    found: list[datetime.date] = []
    for before in range(1, days):
        day = date - datetime.timedelta(days=before)
        outcome = ended(nights / day.isoformat())
        if outcome and outcome.status == "promoted" and _was_forced(nights / day.isoformat()):
            break
        if outcome and _has_drifted(outcome):
            found.append(day)
    return tuple(reversed(found))


def _is_date(name: str) -> bool:
    try:
        return _DAY.fullmatch(name) is not None and bool(datetime.date.fromisoformat(name))
    except ValueError:
        return False


def _was_forced(night: Path) -> bool:
    """Whether it was said, also where all rules held, so that nothing was promoted by force."""
    pinned = Pin.load(night / NIGHT)
    return pinned is not None and pinned.forced


def _has_drifted(outcome: Outcome) -> bool:
    return any(one.rule == "drift" and not one.passed for one in outcome.rules)
