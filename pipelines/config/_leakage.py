"""``[leakage]``: what must not be known in advance, nor in two parts."""

from typing import Annotated

from pydantic import Field

from pipelines.config._base import Config, Name, Names


class Leakage(Config):
    """Checks that fail the job."""

    key: Name | None = None
    """Column no value of which may be in two parts, e.g. the text of the query or the user."""
    known_at: Names = ()
    """Columns that say when features were computed: none may be later than ``log.time``."""
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the rows that may have later ones; they are rejected with that reason."""
