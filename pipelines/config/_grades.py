"""``[[grades]]`` and ``[acted]``: what a document was worth, and what people saw of the list."""

from typing import Annotated

from pydantic import Field

from pipelines.config._base import Config, Name

MAX_GRADE = 31
"""Largest grade: 2^31 - 1, its exponential gain, is still exact in every float the metrics use."""

Grade = Annotated[int, Field(ge=1, le=MAX_GRADE)]

ACTED_COLUMNS = ("acted", "skipped", "examined", "num_acted")
"""What ``[acted]`` gives to rules and filters."""


class GradeRule(Config):
    """One rule of ``[[grades]]``; the highest grade whose rule holds is given, else 0."""

    grade: Grade
    when: Name
    """A SQL condition over columns of the log, of the events and of ``[acted]``."""


class Acted(Config):
    """Which documents people acted on: it tells what else of the list they must have seen."""

    when: Name
    """A SQL condition over columns of the log and of the events, e.g. ``clicks > 0``."""
    beyond: Annotated[int, Field(ge=0)] = 0
    """Positions below the last document acted on that count as examined, too."""
