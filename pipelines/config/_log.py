"""``[log]``: where the log lies and what its columns are called."""

from pipelines.config._base import Config, Name


class Log(Config):
    """The impressions: one row per document shown for a query. Values are column names."""

    path: Name
    """File, folder or glob: Parquet, Arrow IPC, CSV or NDJSON, told by the suffix."""
    query: Name
    """One value per list: the request, page or query that showed the documents together."""
    document: Name
    time: Name
    """When it was shown: a datetime, a date or any integer that grows."""
    position: Name
    """Where it was shown, 1 = first: the order that the logged-order baseline replays."""
    session: Name | None = None
    """Needed to attribute events: they name a session and a document, not a request."""
    grade: Name | None = None
    """A column that already holds the grade; instead of ``[[grades]]``."""
