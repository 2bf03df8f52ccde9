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


class TableConfig(Config):
    """The embedding table of one id column, where it differs from the others."""

    dim: Annotated[int, Field(ge=4, multiple_of=4)] | None = None
    """Length of the column's vectors; None: ``embedding_dim``."""
    pooling: Literal["mean", "sum"] = "mean"
    """What becomes of several ids in one row."""


class AttentionConfig(Config):
    """Self-attention over the documents of a list: each is scored beside its competitors.

    The context-aware ranker of Pobrotyn et al., 2020 (arXiv:2005.10084), without its positional
    encoding: the order of the documents means nothing.
    """

    dim: Positive = 32
    """Length of a document's vector within the blocks; a multiple of ``heads``."""
    heads: Positive = 2
    blocks: Positive = 1

    @model_validator(mode="after")
    def _heads_share_the_vector(self) -> Self:
        if self.dim % self.heads:
            msg = f"dim must be a multiple of heads; got {self.dim} and {self.heads}"
            raise ValueError(msg)
        return self


class TowersConfig(Config):
    """Sizes of the towers, how their vectors meet, and the scorer on top of them.

    Example:
        >>> TowersConfig(query=(64, 16), document=(32, 16)).scorer
        (32,)
    """

    name: Annotated[str, Field(min_length=1)] = "two_towers"
    """``two_towers``, which the other keys describe, or a model that a package plugs in."""
    arguments: dict[str, JsonValue] = {}
    """Of a model that is plugged in."""
    embedding_dim: Annotated[int, Field(ge=4, multiple_of=4)] = 16
    """Length of the vector of an id; a multiple of 4, which the fused tables ask for."""
    tables: dict[str, TableConfig] = {}
    """Tables that differ, by column, e.g. ``{"document/brand": TableConfig(dim=8)}``."""
    query: Sizes = (64, 32)
    """Layers of the query tower, the last one its vector."""
    document: Sizes = (64, 32)
    """Layers of the document tower, the last one its vector. With no layers in both towers q and d
    are the vectors of the ids and the numbers beside them: without a hidden layer in the scorer
    that is a linear model, and with the interaction ``cross`` DCN-v2 as it was published."""
    interaction: Literal["mlp", "cross", "dot"] = "mlp"
    """How the vectors q and d meet: ``mlp``: the scorer reads [q, d, q * d], or [q, d] where the
    towers have no layers; ``cross``: it reads [q, d] after the cross layers of DCN-v2; ``dot``: the
    score is q . d itself, so that documents can be looked up by their vectors."""
    cross_layers: Positive = 2
    """Of the interaction ``cross``."""
    attention: AttentionConfig | None = None
    """Between the interaction and the scorer."""
    scorer: Sizes = (32,)
    """Hidden layers between the two vectors and the score; may be empty."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the hidden units that are left out in each step of the training."""

    @model_validator(mode="after")
    def _vectors_can_be_multiplied(self) -> Self:
        if self.query[-1:] != self.document[-1:]:
            ends = [sizes[-1] if sizes else "none" for sizes in (self.query, self.document)]
            found = f"query {ends[0]} and document {ends[1]}"
            msg = f"both towers must end in vectors of the same length; got {found}"
            raise ValueError(msg)
        if self.interaction == "dot" and not self.document:
            msg = "towers without layers have no vectors of the same length (interaction dot)"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _every_key_has_a_meaning(self) -> Self:
        # By value: a recipe that was written down and read again has every key.
        given = {
            name
            for name, field in type(self).model_fields.items()
            if getattr(self, name) != field.get_default(call_default_factory=True)
        }
        if self.name == "two_towers" and self.arguments:
            msg = "arguments are those of a model that is plugged in; two_towers has none"
            raise ValueError(msg)
        if self.name != "two_towers" and (useless := given - {"name", "arguments"}):
            msg = f"{min(useless)} belongs to two_towers; {self.name} takes arguments"
            raise ValueError(msg)
        if self.interaction == "dot" and (useless := given & {"scorer", "attention"}):
            msg = f"{min(useless)} has no place where the score is q . d (interaction dot)"
            raise ValueError(msg)
        if self.interaction != "cross" and "cross_layers" in given:
            msg = f"cross_layers belong to the interaction cross; got {self.interaction}"
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
    """Over all ranks."""
    documents_per_batch: Positive | None = None
    """Instead of ``lists_per_batch``: a batch takes lists as long as they have so few documents."""
    bucket: Positive = 1
    """So many batches together are sorted by length: for attention, which pads."""
    learning_rate: Rate = 0.001
    """Of AdamW, for all weights but the tables."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Of AdamW."""
    table_learning_rate: Rate = 0.05
    """Of the tables' optimizer, which is fused with the backward pass."""
    table_optimizer: Literal["rowwise_adagrad", "adagrad", "adam"] = "rowwise_adagrad"
    """``adam`` needs a GPU."""
    warmup: Annotated[int, Field(ge=0)] = 0
    """Steps in which the learning rates grow to theirs."""
    decay: Literal["none", "linear", "cosine"] = "none"
    """How they fall to 0 until the end of the last epoch."""
    clip: Rate | None = None
    """Largest norm of the gradient of all weights but the tables; a larger one is scaled down."""
    accumulate: Positive = 1
    """Batches whose gradients are added up to one step; the tables learn from each at once."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the layers' arithmetic; weights, tables, scores and losses are of float32."""
    deterministic: bool = False
    """Refuse operations whose result depends on the order in which threads end."""
    validate_by: Annotated[str, Field(min_length=1)] = "ndcg@10"
    """The metric of `ltr.metrics` by which epochs are compared on the validation lists."""
    patience: Positive = 2
    """Stop after so many epochs in which it did not get better."""
    seed: Seed = 0
    """Decides the initial weights, the order of the lists, the sampled negatives, the dropout."""

    @model_validator(mode="after")
    def _a_batch_has_one_size(self) -> Self:
        if self.documents_per_batch is not None and self.lists_per_batch != 64:
            msg = "a batch has a number of lists or of documents; got lists_per_batch and "
            msg += f"documents_per_batch ({self.lists_per_batch} and {self.documents_per_batch})"
            raise ValueError(msg)
        return self


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
