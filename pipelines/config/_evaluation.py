"""``[evaluation]``: how the report measures."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from ltr.recipe import Seed
from pipelines.config._base import Config, Name, Names, Share
from pipelines.errors import TableError
from pipelines.table.names import parse_metrics


class Evaluation(Config):
    """How the report measures."""

    gain: Literal["exp2", "linear"] = "exp2"
    cutoffs: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False, min_length=1)
    ] = (1, 5, 10)
    metrics: Names = ("mrr", "map")
    """Beside NDCG at the cutoffs."""
    by: Names = ()
    """Features of the query whose values part the lists: ids or numbers."""
    frequency: Name | None = None
    """A feature of the query that says what was asked: parts by head, torso and tail."""
    blank: Literal["skip", "zero", "one"] = "skip"
    """What a list without a relevant document counts as in a mean."""
    unbiased: bool = False
    """Whether a document's gain is divided by its propensity."""
    resamples: Annotated[int, Field(ge=100)] = 2000
    confidence: Share = 0.95
    seed: Seed = 0

    @field_validator("metrics")
    @classmethod
    def _metrics_are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            found = parse_metrics(",".join(names)) if names else ()
        except TableError as error:
            raise ValueError(str(error).removeprefix("--metrics: ")) from None
        if any(one.is_pooled for one in found):
            msg = "a model's scores are no probabilities, so ece has no meaning"
            raise ValueError(msg)
        return names
