"""``[[filters]]``: rows that are left out on purpose."""

from pipelines.config._base import Config, Name


class Filter(Config):
    """Rows left out on purpose: counted under the filter's name, not kept with the rejects."""

    name: Name
    """Different from every other filter's and from the reasons why rows are rejected."""
    when: Name
    """A SQL condition over columns of the log and the event counts, e.g. ``surface = 'ads'``."""
