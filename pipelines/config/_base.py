"""What the sections of the job file share."""

from typing import Annotated

from pydantic import Field

from ltr.recipe import Config

__all__ = ["Config", "Name", "Names", "Share"]

Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], Field(strict=False)]
Share = Annotated[float, Field(gt=0, lt=1)]
