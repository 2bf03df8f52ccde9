"""``[events]``: a second table, of what people did, and the columns that it gives to the rules."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from pipelines.config._base import Config, Name

UNITS_US = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}


def microseconds(window: str) -> int:
    """Return the length of a time span in microseconds.

    Raises:
        ValueError: It is none.

    Example:
        >>> microseconds("1h30m")
        5400000000
    """
    if not re.fullmatch(r"([0-9]+(us|ms|s|m|h|d))+", window):
        msg = "must be a time span such as '30m' or '1h30m' (us, ms, s, m, h, d)"
        raise ValueError(msg)
    parts = re.findall(r"([0-9]+)([a-z]+)", window)
    return sum(int(number) * UNITS_US[unit] for number, unit in parts)


def _a_span(window: object) -> object:
    if isinstance(window, str):
        microseconds(window)
    elif isinstance(window, bool | float) or (isinstance(window, int) and window < 0):
        msg = "must be a time span such as '30m', or a whole number from 0"
        raise ValueError(msg)
    return window


class ValueOf(Config):
    """The values that an action's events carry in a column of the events."""

    action: Name
    value: Name
    """A column of numbers, e.g. the seconds that a visit lasted."""


class Events(Config):
    """A second table of what people did, to be attributed to impressions."""

    path: Name
    session: Name
    document: Name
    time: Name
    action: Name
    window: Annotated[int | str | None, BeforeValidator(_a_span)] = None
    """How long after an impression an event may still belong to it: ``"30m"``, or a whole number
    where times are whole numbers. None: however long."""
    counts: dict[Name, Name] = Field(default={})
    """New column = action: ``clicks = "click"`` counts an impression's clicks as ``clicks``."""
    sums: dict[Name, ValueOf] = Field(default={})
    """New column = the sum of a value over an impression's events of an action, else 0."""
    maxima: dict[Name, ValueOf] = Field(default={})
    """New column = the largest value of an impression's events of an action, else null."""

    @property
    def id_columns(self) -> frozenset[str]:
        """Columns of the events that hold ids."""
        return frozenset({self.session, self.document, self.action})

    @property
    def made(self) -> dict[str, str]:
        """Every column that the events give, with the key that makes it."""
        kinds = {"counts": [*self.counts], "sums": [*self.sums], "maxima": [*self.maxima]}
        return {name: f"events.{kind}.{name}" for kind, names in kinds.items() for name in names}

    @property
    def actions(self) -> frozenset[str]:
        """The actions that some column counts or reads."""
        values = (*self.sums.values(), *self.maxima.values())
        return frozenset({*self.counts.values(), *(one.action for one in values)})

    @property
    def values(self) -> dict[str, str]:
        """Every column of the events whose values are read, with a key that names it."""
        kinds = {"sums": self.sums, "maxima": self.maxima}
        return {
            one.value: f"events.{kind}.{name}.value"
            for kind, columns in kinds.items()
            for name, one in columns.items()
        }
