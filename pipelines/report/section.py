"""A part of a page: its heading, pictures and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from pipelines.report.html import Shown
from pipelines.report.tables import Table

MOST_COLUMNS = 6
"""Of a table that may have another one beside it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of a page, drawn by the macro ``sections`` of the templates.

    Attributes:
        title: Its heading.
        pictures: Side by side, where there is room.
        wide: Tables that take the whole width.
        narrow: Tables side by side, where there is room.
        folded: Tables that are opened by a click.
    """

    title: str
    pictures: Sequence[Shown] = ()
    wide: Sequence[Table] = ()
    narrow: Sequence[Table] = ()
    folded: Sequence[Table] = ()

    @classmethod
    def of(cls, title: str, tables: Sequence[Table], pictures: Sequence[Shown] = ()) -> Self:
        """Make a section whose tables stand side by side where they are narrow enough."""
        wide = [table for table in tables if len(table.head) > MOST_COLUMNS]
        narrow = [table for table in tables if len(table.head) <= MOST_COLUMNS]
        return cls(title=title, pictures=pictures, wide=wide, narrow=narrow)

    @property
    def tables(self) -> list[Table]:
        """All of them."""
        return [*self.wide, *self.narrow, *self.folded]
