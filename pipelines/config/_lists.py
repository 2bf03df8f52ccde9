"""``[lists]``: which lists are kept, and the order of their documents."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.config._base import Config, Name
from pipelines.errors import ConfigError


class ListLimits(Config):
    """Which lists are kept. A longer one is most often a bot, a shorter one has nothing to rank."""

    min_documents: Annotated[int, Field(ge=1)] = 2
    max_documents: Annotated[int, Field(ge=2)] = 500
    longer: Literal["leave out", "cut", "sample"] = "leave out"
    """A longer list: leave it out, or keep its positives and the first, or some, of the rest."""
    seed: Annotated[int, Field(ge=0, lt=2**64)] = 0
    """Of ``longer = "sample"``."""
    require: Literal["nothing", "positive", "two grades"] = "nothing"
    """What a list must have: a document of a grade above 0, or documents of different grades."""
    max_per_session: Annotated[int, Field(ge=1)] | None = None
    """Lists of a session; one with more is a bot's."""
    order: Name | None = None
    """Column by which documents lie in their list; the logged position if none is given."""
    direction: Literal["ascending", "descending"] = "ascending"
    """Of ``order``."""

    @model_validator(mode="after")
    def _keys_agree(self) -> "ListLimits":
        if self.min_documents > self.max_documents:
            rule = f"must be at most lists.max_documents ({self.max_documents})"
            raise ConfigError(key="lists.min_documents", rule=rule, found=self.min_documents)
        if self.direction == "descending" and self.order is None:
            rule = "belongs to lists.order, which is not given"
            raise ConfigError(key="lists.direction", rule=rule, found=self.direction)
        return self
