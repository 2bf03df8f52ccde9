"""A loss by name, applied to a batch: as a sum, and the number of things it is a sum over."""

import inspect
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from ltr.data.batch import RankingBatch
from ltr.data.negatives import hardest_negatives, sample_negatives
from ltr.losses import LossModule, by_name
from ltr.recipe import LossConfig


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
        """Look the loss up.

        Raises:
            ValueError: No loss has this name, or it does not take these arguments.
        """
        face = by_name(config.name)
        tensors = list(inspect.signature(face.function).parameters)
        if tensors[:2] != ["scores", "labels"]:
            msg = (
                f"loss.name must be a loss over scores and grades; {config.name} takes {tensors[0]}"
            )
            raise ValueError(msg)
        if "reduction" in config.arguments:
            msg = f"loss.arguments must leave 'reduction' to the training; got {config.arguments}"
            raise ValueError(msg)
        try:
            loss = face(**config.arguments, reduction="sum")
        except TypeError as error:
            msg = f"loss.arguments do not fit {config.name}: {error}"
            raise ValueError(msg) from error
        num_neg = loss.arguments.get("num_neg")
        _check_negatives(config, num_neg)
        return cls(loss, config, num_neg, "log_q" in tensors)

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
        if blocks is None or self.num_neg is None:
            loss = self.loss(scores, batch.grades, lengths=batch.lengths, weights=batch.weights)
            return loss, len(batch.lengths)
        tensors = {} if batch.weights is None else {"weights": batch.weights[blocks]}
        if self.has_log_q and self.needs_popularity and batch.popularity is not None:
            tensors["log_q"] = batch.popularity.log()[blocks]
        loss = self.loss(scores[blocks], batch.grades[blocks], **tensors)
        return loss, len(blocks) // (1 + self.num_neg)


def _check_negatives(config: LossConfig, num_neg: int | None) -> None:
    """Refuse a choice of negatives for a loss that has none."""
    chosen = config.model_dump(include={"negatives", "negatives_from"}, exclude_defaults=True)
    if num_neg is None and chosen:
        name = next(iter(chosen))
        msg = f"loss.{name} belongs to losses with num_neg; {config.name} has none"
        raise ValueError(msg)
