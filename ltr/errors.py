"""The base of every error that data, not code, is to blame for, and how one reads."""

import reprlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


class LtrError(Exception):
    """Something that was given is wrong; the text is one line that says what, where and how.

    ``ltr.data.manifest.ListsError``, ``ltr.recipe.RecipeError``, ``ltr.training.ModelError``,
    ``ltr.training.NonFiniteError`` and ``pipelines.errors.JobError`` are such errors.
    """

    exit_code: int = 2
    """What a command ends with that meets it."""


class Failure(NamedTuple):
    """A value that breaks a rule of a record; as text, one line.

    Example:
        >>> str(Failure(key="training.epochs", rule="must be at least 1", found=0))
        'training.epochs: must be at least 1; got 0'
    """

    key: str
    """Dotted, e.g. ``splits.train.shards[0].file``; empty for the record as a whole."""
    rule: str
    found: object = None
    """None where the rule already says it."""
    others: int = 0
    """How many more values break a rule."""

    def __str__(self) -> str:
        where = f"{self.key}: " if self.key else ""
        found = "" if self.found is None else f"; got {reprlib.repr(self.found)}"
        others = f" (and {self.others} more)" if self.others else ""
        return f"{where}{self.rule}{found}{others}"


def first_failure(error: "ValidationError") -> Failure:
    """The failure to tell of all that pydantic found.

    A misspelt key is the cause of the missing one it stands for, so it goes first.
    """
    errors = error.errors(include_url=False)
    first = min(errors, key=lambda one: one["type"] != "extra_forbidden")
    return Failure(dotted(first["loc"]), *_rule_and_found(first), others=len(errors) - 1)


def dotted(location: Iterable[int | str]) -> str:
    """Write a place inside a record as a key.

    Example:
        >>> dotted(["grades", 0, "when"])
        'grades[0].when'
    """
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")


_FIXED = {"extra_forbidden": "unknown key", "missing": "is required"}
_WITHOUT_VALUE = {*_FIXED, "value_error", "json_invalid"}
"""What was found is not told: there is nothing, or all of the record, or the text tells it."""


def _rule_and_found(error: "ErrorDetails") -> tuple[str, Any]:
    text = error["msg"].removeprefix("Value error, ")
    text = text.replace("Input should be", "must be").replace("tuple", "list")
    found = None if error["type"] in _WITHOUT_VALUE else error["input"]
    return _FIXED.get(error["type"], text), found
