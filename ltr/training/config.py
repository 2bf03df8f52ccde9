"""What decides the outcome of a training, beside the lists."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ltr.towers import TowersConfig

Positive = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class LossConfig(BaseModel):
    """A loss of `ltr.losses` by the name of its function."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    arguments: dict[str, JsonValue] = {}
    """The loss's own arguments, e.g. ``{"margin": 0.5}``."""


class TrainingConfig(BaseModel):
    """How long and how fast to train."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: Positive = 20
    """At most so many passes over the lists."""
    lists_per_batch: Positive = 200
    learning_rate: Rate = 0.001
    """Of Adam, for all weights but the tables."""
    table_learning_rate: Rate = 0.02
    """Of row-wise Adagrad, for the tables."""
    patience: Positive = 3
    """Stop after so many epochs without a better validation NDCG."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Decides the initial weights, the order of the lists and the sampled negatives."""


class Recipe(BaseModel):
    """Towers, loss and training: with the same lists, the same recipe gives the same model.

    Example:
        >>> recipe = Recipe(loss=LossConfig(name="graded_hinge", arguments={"margin": 0.5}))
        >>> recipe.towers.embedding_dim, recipe.training.seed
        (16, 0)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    towers: TowersConfig = TowersConfig()
    loss: LossConfig
    training: TrainingConfig = TrainingConfig()
