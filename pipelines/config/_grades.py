"""``[[grades]]``: what a document was worth."""

from typing import Annotated

from pydantic import Field

from pipelines.config._base import Config, Name

MAX_GRADE = 31
"""Largest grade: 2^31 - 1, its exponential gain, is still exact in every float the metrics use."""

Grade = Annotated[int, Field(ge=0, le=MAX_GRADE)]


class GradeRule(Config):
    """One rule of ``[[grades]]``; the first that holds gives the grade, none gives 0."""

    grade: Grade
    when: Name
    """A SQL condition over columns of the log and the event counts, e.g. ``purchases > 0``."""
