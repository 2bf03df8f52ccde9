"""What the records of all reports are made of.

An undefined number (the mean over no list, the interval around one list) is ``None``, in JSON
``null``; NaN is turned into ``None`` on the way in. Mappings are kept sorted by key, so that equal
records are written as equal bytes.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, JsonValue

if TYPE_CHECKING:  # importing it takes as long as measuring a million rows
    from ltr.evaluation import Interval

CURVE_KS = tuple(range(1, 21))
"""The k of the curve "NDCG by k"."""

BINS = 20
"""Equal bins of a per-list metric between 0 and 1; the last one includes 1."""

Key = TypeVar("Key", int, str)
Value = TypeVar("Value")


def _none_for_nan(value: Any) -> Any:  # noqa: ANN401 - whatever the caller passed
    return None if isinstance(value, float) and math.isnan(value) else value


def sorted_by_key(mapping: Mapping[Key, Value]) -> dict[Key, Value]:
    """Put a mapping into the order of its keys."""
    return dict(sorted(mapping.items()))


Number = Annotated[float | None, BeforeValidator(_none_for_nan)]
Counts = Annotated[Mapping[str, int], AfterValidator(sorted_by_key)]
Grades = Annotated[Mapping[int, int], AfterValidator(sorted_by_key)]
Settings = Annotated[Mapping[str, JsonValue], AfterValidator(sorted_by_key)]


class Record(BaseModel):
    """Base of every part of the report: frozen, and nothing unknown gets in."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Estimate(Record):
    """A mean over lists with its interval; numbers are ``None`` where undefined."""

    value: Number
    low: Number
    high: Number
    lists: int
    """Lists that count in the mean."""
    blank: int
    """Lists without a value, whether they count or not: see ``Rules.blank``."""

    @classmethod
    def of(cls, interval: "Interval") -> Self:
        """Take the numbers of an interval of ``ltr.evaluation``."""
        return cls(
            value=interval.value,
            low=interval.low,
            high=interval.high,
            lists=interval.lists,
            blank=interval.blank,
        )


class PositionRate(Record):
    """Clicks at one logged position, 1 = shown first, over all held-out lists."""

    position: int
    documents: int
    clicked: int
    """Documents with a grade above 0."""
