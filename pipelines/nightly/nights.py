"""The nights that lie in a folder, by their dates."""

import re
from pathlib import Path

from pydantic import ValidationError

from pipelines.nightly.outcome import Outcome

NIGHTS, OUTCOME = "nights", "outcome.json"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def dates(nights: Path) -> list[str]:
    """Return the dates of all nights, the earliest first."""
    if not nights.exists():
        return []
    return sorted(one.name for one in nights.iterdir() if _DAY.fullmatch(one.name))


def ended(night: Path) -> Outcome | None:
    """Return how a night ended; None if it did not come to its end."""
    try:
        found = Outcome.model_validate_json((night / OUTCOME).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.status in ("promoted", "kept") else None


def last_sound(nights: Path, before: str) -> Path | None:
    """Return the last night before a date whose lists had not drifted, or were taken by force."""
    for date in reversed(dates(nights)):
        outcome = ended(nights / date) if date < before else None
        if outcome and (outcome.forced or not _has_drifted(outcome)):
            return nights / date
    return None


def _has_drifted(outcome: Outcome) -> bool:
    return any(one.rule == "drift" and not one.passed for one in outcome.rules)
