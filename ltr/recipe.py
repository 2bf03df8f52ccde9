"""What decides a model, beside the lists it is trained on: towers, loss and training.

Importing this needs pydantic alone, so that a job file can be checked before torch is loaded.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

Positive = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
Sizes = Annotated[tuple[Positive, ...], Field(strict=False)]


class Config(BaseModel):
    """Common settings: unchangeable, strictly typed, and no key that is not described."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class TowersConfig(Config):
    """Sizes of the towers and of the scorer on top of them.

    Example:
        >>> TowersConfig(query=(64, 16), document=(32, 16)).scorer
        (32,)
    """

    embedding_dim: Annotated[int, Field(ge=4, multiple_of=4)] = 16
    """Length of the vector of an id; a multiple of 4, which the fused tables ask for."""
    query: Annotated[Sizes, Field(min_length=1)] = (64, 32)
    """Layers of the query tower, the last one its vector."""
    document: Annotated[Sizes, Field(min_length=1)] = (64, 32)
    """Layers of the document tower, the last one its vector."""
    scorer: Sizes = (32,)
    """Hidden layers between the two vectors and the score; may be empty."""

    @model_validator(mode="after")
    def _vectors_can_be_multiplied(self) -> Self:
        if self.query[-1] != self.document[-1]:
            found = f"query {self.query[-1]} and document {self.document[-1]}"
            msg = f"both towers must end in vectors of the same length; got {found}"
            raise ValueError(msg)
        return self


class LossConfig(Config):
    """A loss of `ltr.losses` by the name of its function."""

    name: Annotated[str, Field(min_length=1)] = "graded_hinge"
    arguments: dict[str, JsonValue] = {}
    """The loss's own arguments, e.g. ``{"margin": 0.5}``."""
    negatives: Literal["uniform", "popular", "hardest"] = "uniform"
    """Of a loss with ``num_neg``: drawn uniformly, drawn by popularity (with the logQ correction,
    where the loss has it), or those that the model scores highest."""
    negatives_from: Literal["list", "batch"] = "list"
    """Of a loss with ``num_neg``: the positive's own list, or all lists of the batch.
    The hardest of a whole batch can drive all scores together early in the training."""


class TrainingConfig(Config):
    """How long and how fast to train."""

    epochs: Positive = 10
    """At most so many passes over the lists."""
    lists_per_batch: Positive = 64
    learning_rate: Rate = 0.001
    """Of Adam, for all weights but the tables."""
    table_learning_rate: Rate = 0.05
    """Of row-wise Adagrad, for the tables."""
    patience: Positive = 2
    """Stop after so many epochs without a better validation NDCG@10."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Decides the initial weights, the order of the lists and the sampled negatives."""


class Recipe(Config):
    """Towers, loss and training: with the same lists, the same recipe gives the same model.

    Example:
        >>> recipe = Recipe(loss=LossConfig(name="graded_hinge", arguments={"margin": 0.5}))
        >>> recipe.towers.embedding_dim, recipe.training.seed
        (16, 0)
    """

    towers: TowersConfig = TowersConfig()
    loss: LossConfig = LossConfig()
    training: TrainingConfig = TrainingConfig()
