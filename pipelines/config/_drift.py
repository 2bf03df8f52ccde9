"""``[drift]``: how far two folders of lists may differ before a job stops.

What each number measures: ``docs/inspect.md``.
"""

from typing import Annotated, Literal

from pydantic import Field

from pipelines.config._base import Config

Limit = Annotated[float, Field(ge=0)]
Ratio = Annotated[float, Field(ge=1)]
DriftRule = Literal[
    "schema",
    "fewer_lists",
    "grades",
    "relevant",
    "blank",
    "lengths",
    "rejected",
    "unseen",
    "new_ids",
    "numbers",
]


class Drift(Config):
    """Limits of the comparison of two folders of lists; a rule is broken above its limit.

    Example:
        >>> Drift(numbers=0.1).numbers
        0.1
    """

    fewer_lists: Limit = 0.5
    """Lists that are missing, as a share of the reference's."""
    grades: Limit = 0.1
    """Population stability index of the documents' grades."""
    relevant: Ratio = 1.5
    """By which factor the share of relevant documents may grow or shrink."""
    blank: Limit = 0.1
    """Difference of the shares of lists without a relevant document."""
    lengths: Limit = 0.25
    """Population stability index of the lists' lengths, over deciles of the reference."""
    rejected: Limit = 0.05
    """Growth of the share of the log's rows (or events) that one reason kept out of the lists."""
    unseen: Limit = 0.1
    """Growth of an id column's share of unseen ids."""
    new_ids: Limit = 0.5
    """Share of an id column's known ids, by occurrence, that the reference does not know."""
    numbers: Limit = 0.25
    """Population stability index of a number, over deciles of the reference."""
    off: Annotated[tuple[DriftRule, ...], Field(strict=False)] = ()
    """Rules that are not applied. ``schema`` has no limit: columns and grade rules are the same."""
