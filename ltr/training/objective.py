"""A loss by name, applied to a batch: as a sum, and the number of things it is a sum over."""

import difflib
import inspect
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from ltr.data.batch import RankingBatch
from ltr.data.negatives import hardest_negatives, sample_negatives
from ltr.losses import LossModule, by_name
from ltr.recipe import LossConfig, RecipeError

_REFUSALS = (TypeError, ValueError, ArithmeticError, RuntimeError)
"""How a loss, which may be a team's own, can say no to its arguments."""


@dataclass(frozen=True, slots=True)
class Objective:
    """What training minimises.

    A list loss is summed over the lists of the batch and divided by their number. A sampled loss,
    one with an argument ``num_neg``, is summed over blocks of one positive and its negatives.
    """

    loss: LossModule
    config: LossConfig
    num_neg: int | None
    """Negatives in a block; None for a list loss."""
    has_log_q: bool
    """Whether the loss corrects for negatives drawn by popularity."""

    @classmethod
    def of(cls, config: LossConfig) -> Self:
        """Look the loss up, and try it before any work is done for it.

        Raises:
            RecipeError: No loss has this name, it has no such argument, or it refuses a value.
        """
        face = _face_of(config.name)
        parameters = list(inspect.signature(face.function).parameters)
        if parameters[:2] != ["scores", "labels"]:
            rule = f"must be a loss over scores and grades; {config.name} takes {parameters[0]}"
            raise RecipeError(key="loss.name", rule=rule)
        _check_names(config, [name for name in face.signature.parameters if name != "reduction"])
        try:
            loss = face(**config.arguments, reduction="sum")
            made = cls(loss, config, loss.arguments.get("num_neg"), "log_q" in parameters)
            made._try()
        except _REFUSALS as error:
            raise _refused(config, error) from error
        _check_negatives(config, made.num_neg)
        return made

    @property
    def needs_popularity(self) -> bool:
        """Whether batches must carry their documents' popularity."""
        return self.config.negatives == "popular"

    def draw(self, scores: Tensor, batch: RankingBatch, chance: torch.Generator) -> Tensor | None:
        """The documents of the blocks of a sampled loss; None for a list loss.

        Args:
            scores: [docs], the model's present ones, anywhere.
            batch: On the CPU, as ``chance`` is: the same draws with and without a GPU.
            chance: Decides what is drawn.
        """
        if self.num_neg is None:
            return None
        lists, source = (batch.grades, batch.lengths), self.config.negatives_from
        if self.config.negatives == "hardest":
            present = scores.detach().cpu()
            return hardest_negatives(*lists, present, num_neg=self.num_neg, source=source)
        return sample_negatives(
            *lists,
            num_neg=self.num_neg,
            generator=chance,
            popularity=batch.popularity if self.needs_popularity else None,
            source=source,
        )

    def __call__(
        self, scores: Tensor, batch: RankingBatch, blocks: Tensor | None
    ) -> tuple[Tensor, int]:
        """The sum over lists (or blocks), and how many there are."""
        weights = self._weights(batch)
        if blocks is None or self.num_neg is None:
            loss = self.loss(scores, batch.grades, lengths=batch.lengths, weights=weights)
            return loss, len(batch.lengths)
        tensors = {} if weights is None else {"weights": weights[blocks]}
        if self.has_log_q and self.needs_popularity and batch.popularity is not None:
            tensors["log_q"] = batch.popularity.log()[blocks]
        loss = self.loss(scores[blocks], batch.grades[blocks], **tensors)
        return loss, len(blocks) // (1 + self.num_neg)

    def _weights(self, batch: RankingBatch) -> Tensor | None:
        """What documents weigh: [docs], or None where all weigh the same."""
        if not self.config.unbiased:
            return batch.weights
        if batch.propensities is None:
            msg = "loss.unbiased: the batch must carry propensities"
            raise ValueError(msg)
        weights = inverse_propensities(batch.grades, batch.propensities)
        return weights if batch.weights is None else weights * batch.weights

    def _try(self) -> None:
        """Apply the loss once: it checks the range of its arguments only when it is called.

        A sampled loss is given no block at all, so that nothing is laid out for its ``num_neg``.
        """
        num_docs = 2 if self.num_neg is None else 0
        scores = torch.zeros(num_docs)
        batch = RankingBatch(
            grades=torch.arange(num_docs).float(),
            lengths=torch.tensor([num_docs]),
            query_dense=torch.zeros(1, 0),
            document_dense=torch.zeros(num_docs, 0),
            query_sparse=None,
            document_sparse=None,
            popularity=torch.ones(num_docs),
            propensities=torch.ones(num_docs),
        )
        self(scores, batch, None if self.num_neg is None else torch.arange(num_docs))


def inverse_propensities(grades: Tensor, propensities: Tensor) -> Tensor:
    """1 / propensity of documents with a grade above 0, and 1 for all others; both ``[docs]``.

    A document without a click may be irrelevant or not have been looked at; only the clicks tell
    how many like them were missed (Joachims, Swaminathan and Schnabel, WSDM 2017, eq. 4).

    Example:
        >>> inverse_propensities(torch.tensor([0, 2, 1]), torch.tensor([0.5, 0.5, 1.0]))
        tensor([1., 2., 1.])
    """
    return torch.where(grades > 0, propensities.reciprocal(), 1.0)


def _face_of(name: str) -> type[LossModule]:
    try:
        return by_name(name)
    except ValueError as error:
        raise RecipeError(key="loss.name", rule=str(error)) from error


def _check_names(config: LossConfig, known: list[str]) -> None:
    """Refuse an argument that the loss does not have."""
    for name in config.arguments:
        if name == "reduction":
            rule = "is left to the training; leave it out"
            raise RecipeError(key="loss.arguments.reduction", rule=rule)
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known) or 'none'}"
            rule = f"is no argument of {config.name}; {hint}"
            raise RecipeError(key=f"loss.arguments.{name}", rule=rule)


def _check_negatives(config: LossConfig, num_neg: int | None) -> None:
    """Refuse a choice of negatives for a loss that has none."""
    chosen = config.model_dump(include={"negatives", "negatives_from"}, exclude_defaults=True)
    if num_neg is None and chosen:
        name = next(iter(chosen))
        rule = f"belongs to losses with num_neg; {config.name} has none"
        raise RecipeError(key=f"loss.{name}", rule=rule)


def _refused(config: LossConfig, error: Exception) -> RecipeError:
    """Say which argument the loss means, or that it cannot be trained with."""
    text = str(error).partition("\n")[0]
    name, _, rule = text.partition(" ")
    if name in config.arguments:
        return RecipeError(key=f"loss.arguments.{name}", rule=rule)
    return RecipeError(key="loss.name", rule=f"{config.name} cannot be trained with: {text}")
