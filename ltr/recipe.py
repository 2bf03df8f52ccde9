"""What decides a model, beside the lists it is trained on: towers, loss and training.

Importing this needs pydantic alone, so that a job file can be checked before torch is loaded.
"""

from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from ltr.errors import LtrError

Positive = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""What every source of chance takes: torch's generators and numpy's."""
Sizes = Annotated[tuple[Positive, ...], Field(strict=False)]


class RecipeError(LtrError, ValueError):
    """A value of the recipe breaks a rule that only the code it is meant for knows.

    Args:
        key: Dotted key, e.g. ``loss.arguments.num_neg``.
        rule: What the value must be, and what it is.
    """

    def __init__(self, *, key: str, rule: str) -> None:
        self.key, self.rule = key, rule
        super().__init__(f"{key}: {rule}")


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


def _plain(value: object, validate: ValidatorFunctionWrapHandler) -> JsonValue:
    """Put the argument's own name on an error; pydantic adds the type it takes the value for."""
    try:
        plain: JsonValue = validate(value)
    except ValidationError:
        kind, rule = "argument", "must be text, a finite number, true, false, or a list or table"
        raise PydanticCustomError(kind, rule) from None
    return plain


class LossConfig(Config):
    """A loss of `ltr.losses` by the name of its function."""

    name: Annotated[str, Field(min_length=1)] = "graded_hinge"
    arguments: dict[str, Annotated[JsonValue, WrapValidator(_plain)]] = {}
    """The loss's own arguments, e.g. ``{"margin": 0.5}``."""
    negatives: Literal["uniform", "popular", "hardest"] = "uniform"
    """Of a loss with ``num_neg``: drawn uniformly, drawn by popularity (with the logQ correction,
    where the loss has it), or those that the model scores highest."""
    negatives_from: Literal["list", "batch"] = "list"
    """Of a loss with ``num_neg``: the positive's own list, or all lists of the batch.
    The hardest of a whole batch can drive all scores together early in the training."""
    unbiased: bool = False
    """Whether relevant documents weigh 1 / propensity, so that clicks count as they would have if
    all positions were examined equally. The lists must carry propensities."""


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
    seed: Seed = 0
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
