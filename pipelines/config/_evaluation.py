"""``[evaluation]``: how the report measures."""

from typing import Annotated, Literal

from pydantic import Field

from pipelines.config._base import Config, Share


class Evaluation(Config):
    """How the report measures."""

    gain: Literal["exp2", "linear"] = "exp2"
    cutoffs: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False, min_length=1)
    ] = (1, 5, 10)
    blank: Literal["skip", "zero", "one"] = "skip"
    """What a list without a relevant document counts as in a mean."""
    unbiased: bool = False
    """Whether a document's gain is divided by its propensity."""
    resamples: Annotated[int, Field(ge=100)] = 2000
    confidence: Share = 0.95
    seed: Annotated[int, Field(ge=0)] = 0
