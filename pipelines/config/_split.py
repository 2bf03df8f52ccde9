"""``[split]``: which list is in which part."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.config._base import Config, Name, Share
from pipelines.errors import ConfigError


class Parts(Config):
    """How lists are parted into training, validation and test."""

    by: Literal["time", "hash", "column"] = "time"
    """The latest lists are the test part; or those of some hashes; or those a column names."""
    column: Name | None = None
    """Of ``hash``: what is hashed instead of the query; of ``column``: what names the part."""
    validation: Share = 0.1
    test: Share = 0.2
    seed: Annotated[int, Field(ge=0, lt=2**64)] = 0
    """Of ``hash``."""
    folds: Annotated[int, Field(ge=3)] | None = None
    """Of ``hash``: equal parts instead of shares; one is the test part, the next validates."""
    fold: Annotated[int, Field(ge=0)] = 0
    """Which of the ``folds`` is the test part, from 0."""

    @model_validator(mode="after")
    def _keys_agree(self) -> "Parts":
        if self.validation + self.test >= 1:
            rule = f"must leave lists for training beside split.test ({self.test})"
            raise ConfigError(key="split.validation", rule=rule, found=self.validation)
        if self.by == "column" and self.column is None:
            raise ConfigError(key="split.column", rule='is needed to split by = "column"')
        if self.by == "time" and self.column is not None:
            rule = 'is of no use to split by = "time"'
            raise ConfigError(key="split.column", rule=rule, found=self.column)
        if self.folds and self.by != "hash":
            rule = f'belongs to split by = "hash", not by = "{self.by}"'
            raise ConfigError(key="split.folds", rule=rule, found=self.folds)
        if self.fold >= (self.folds or 1):
            rule = f"must be below split.folds ({self.folds or 'not given'})"
            raise ConfigError(key="split.fold", rule=rule, found=self.fold)
        return self
