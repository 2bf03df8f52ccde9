"""``[propensity]``: how likely it was that a document was looked at."""

from typing import Literal

from pipelines.config._base import Config, Name, Names, Share
from pipelines.errors import ConfigError

Estimate = Literal["randomisation", "harvesting", "pbm"]


class Propensity(Config):
    """How likely it was that a document was looked at: a column of the log, or estimated."""

    column: Name | None = None
    """Column of the log with each document's probability of being examined, above 0, at most 1."""
    estimate: Estimate | None = None
    """From lists in random order, from documents at several positions, or by a click model."""
    clicked: Name | None = None
    """A SQL condition as in ``[[grades]]``: the document was clicked. Needed to estimate."""
    shuffled: Name | None = None
    """A SQL condition: the list was shown in random order. Needed for randomisation."""
    same: Names = ()
    """Columns, e.g. the text of the query, within which a document is always equally relevant."""
    clip: Share = 0.05
    """Least propensity: a smaller one becomes it, so that no click weighs more than 1 / clip."""

    def check(self) -> None:
        """Refuse keys that are missing, or that would do nothing.

        Raises:
            ConfigError: One does.
        """
        if (self.column is None) == (self.estimate is None):
            rule = "give either propensity.column or propensity.estimate, not both or none"
            raise ConfigError(key="propensity", rule=rule)
        needed = {
            "clicked": self.estimate is not None,
            "shuffled": self.estimate == "randomisation",
        }
        for key, is_needed in needed.items():
            if is_needed != (getattr(self, key) is not None):
                state = "is needed for" if is_needed else "has no use with"
                raise ConfigError(key=f"propensity.{key}", rule=f"{state} {self._source}")
        if self.same and self.estimate not in ("harvesting", "pbm"):
            raise ConfigError(key="propensity.same", rule=f"has no use with {self._source}")

    @property
    def conditions(self) -> dict[str, str]:
        """The SQL conditions, each under its key."""
        given = {"clicked": self.clicked, "shuffled": self.shuffled}
        return {f"propensity.{key}": text for key, text in given.items() if text is not None}

    @property
    def columns(self) -> dict[str, str]:
        """The columns of the log that are read as they are, each with the key that names it."""
        own = {self.column: "propensity.column"} if self.column else {}
        return {**own, **dict.fromkeys(self.same, "propensity.same")}

    @property
    def _source(self) -> str:
        return "propensity.column" if self.column else f"propensity.estimate = {self.estimate!r}"
