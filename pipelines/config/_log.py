"""``[log]``: where the log lies and what its columns are called."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from pipelines.config._base import Config, Name

Format = Literal["parquet", "arrow", "csv", "ndjson", "letor", "trec"]


class Log(Config):
    """The impressions: one row per document shown for a query. Values are column names."""

    path: Name
    """File, folder, glob, Delta table or address in an object store; ``{date}`` is the day."""
    format: Format | None = None
    """Of the files; otherwise their suffix tells it."""
    qrels: Name | None = None
    """TREC judgments that give a TREC run its grades."""
    days: Annotated[int, Field(ge=1)] | None = None
    """Length of the window of days that ends with the job's ``date``; other days are not read."""
    leave_out: Annotated[tuple[Annotated[date, Field(strict=False)], ...], Field(strict=False)] = ()
    """Days of the window that are not read, because their rows are known to be wrong."""
    missing_days: Literal["refuse", "allow"] = "refuse"
    """What to do if the window has a day of which there is nothing."""
    drift: Literal["evolve", "freeze"] = "evolve"
    """What to do if the files differ in their columns; of the events too."""
    query: Name
    """One value per list: the request, page or query that showed the documents together."""
    document: Name
    time: Name | None = None
    """When it was shown: a datetime, a date or any integer that grows; none: the log's order."""
    position: Name | None = None
    """Where it was shown, 1 = first; none: the order of the log's rows."""
    session: Name | None = None
    """Needed to attribute events: they name a session and a document, not a request."""
    grade: Name | None = None
    """A column that already holds the grade; instead of ``[[grades]]``."""
