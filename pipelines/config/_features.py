"""``[features]``: which columns the model sees."""

from typing import Annotated, Literal

from pydantic import Field

from pipelines.config._base import Config, Names

FeatureKind = Literal["id", "ids", "number"]


class SideFeatures(Config):
    """The features of one side: queries or documents. Values are column names of the log."""

    ids: Names = ()
    id_lists: Names = ()
    numbers: Names = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All columns of this side, in the order ids, id lists, numbers."""
        return (*self.ids, *self.id_lists, *self.numbers)

    @property
    def kinds(self) -> dict[str, FeatureKind]:
        """Column to kind, in the order of ``names``."""
        return {
            **dict.fromkeys(self.ids, "id"),
            **dict.fromkeys(self.id_lists, "ids"),
            **dict.fromkeys(self.numbers, "number"),
        }


class Features(Config):
    """Which columns the model sees."""

    query: SideFeatures = SideFeatures()
    document: SideFeatures
    min_count: Annotated[int, Field(ge=1)] = 2
    """Ids seen fewer times in the training part become id 0, "unseen", which is thereby trained."""
