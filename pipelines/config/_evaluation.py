"""``[evaluation]``: how the report measures."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from ltr.recipe import Seed
from pipelines.config._base import Config, Name, Names, Share
from pipelines.errors import ConfigError, TableError
from pipelines.table.names import TAKES, parse_metrics


class Evaluation(Config):
    """How the report measures."""

    gain: Literal["exp2", "linear"] = "exp2"
    cutoffs: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False, min_length=1)
    ] = (1, 5, 10)
    metrics: Names = ("mrr", "map")
    """Beside NDCG at the cutoffs. With ``unbiased`` none unless given: not all can be weighed."""
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

    @model_validator(mode="before")
    @classmethod
    def _all_are_weighed_alike(cls, given: Any) -> Any:  # noqa: ANN401  what TOML can hold
        if isinstance(given, dict) and given.get("unbiased") and "metrics" not in given:
            return {**given, "metrics": []}
        return given

    @model_validator(mode="after")
    def _metrics_can_be_weighed(self) -> "Evaluation":
        found = parse_metrics(",".join(self.metrics)) if self.metrics else ()
        without = [one.name for one in found if one.function not in TAKES["propensity"]]
        if self.unbiased and without:
            rule = "must weigh documents, since evaluation.unbiased = true divides by propensities"
            raise ConfigError(key="evaluation.metrics", rule=rule, found=without[0])
        return self

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
