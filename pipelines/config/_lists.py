"""``[lists]`` and ``[split]``: which lists are kept, and in which part."""

from typing import Annotated

from pydantic import Field

from pipelines.config._base import Config, Share


class ListLimits(Config):
    """Which lists are kept. A longer one is most often a bot, a shorter one has nothing to rank."""

    min_documents: Annotated[int, Field(ge=1)] = 2
    max_documents: Annotated[int, Field(ge=2)] = 500


class SplitShares(Config):
    """Shares of the lists, by time: training first, then validation, then test."""

    validation: Share = 0.1
    test: Share = 0.2
