"""``[prepare]``: how much memory preparing may take."""

from typing import Annotated

from pydantic import ByteSize, Field

from pipelines.config._base import Config


class Preparation(Config):
    """How ``ltr prepare`` uses the machine; nothing here changes what is in the lists."""

    memory: Annotated[ByteSize, Field(ge=2**28)] = ByteSize(2**30)
    """Memory that the work may take, e.g. ``"2 GiB"``; a smaller one cuts the log finer."""
