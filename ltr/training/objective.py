"""A loss by name, applied to a batch: as a sum, and the number of things it is a sum over."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from ltr.data.batch import RankingBatch
from ltr.data.negatives import sample_negatives
from ltr.losses import LossModule, by_name
from ltr.training.config import LossConfig


@dataclass(frozen=True, slots=True)
class Objective:
    """What training minimises.

    A list loss is summed over the lists of the batch and divided by their number. A sampled loss,
    one with an argument ``num_neg``, is summed over blocks of one positive and its negatives.
    """

    loss: LossModule
    num_neg: int | None
    """Negatives in a block; None for a list loss."""

    @classmethod
    def of(cls, config: LossConfig) -> Self:
        """Look the loss up.

        Raises:
            ValueError: No loss has this name, or it does not take these arguments.
        """
        face = by_name(config.name)
        if "reduction" in config.arguments:
            msg = f"loss.arguments must leave 'reduction' to the training; got {config.arguments}"
            raise ValueError(msg)
        try:
            loss = face(**config.arguments, reduction="sum")
        except TypeError as error:
            msg = f"loss.arguments do not fit {config.name}: {error}"
            raise ValueError(msg) from error
        return cls(loss, loss.arguments.get("num_neg"))

    def draw(self, batch: RankingBatch, chance: torch.Generator) -> Tensor | None:
        """The documents of the blocks of a sampled loss; None for a list loss."""
        if self.num_neg is None:
            return None
        return sample_negatives(batch.grades, batch.lengths, num_neg=self.num_neg, generator=chance)

    def __call__(
        self, scores: Tensor, batch: RankingBatch, blocks: Tensor | None
    ) -> tuple[Tensor, int]:
        """The sum over lists (or blocks), and how many there are."""
        if blocks is None or self.num_neg is None:
            loss = self.loss(scores, batch.grades, lengths=batch.lengths, weights=batch.weights)
            return loss, len(batch.lengths)
        weights = None if batch.weights is None else batch.weights[blocks]
        loss = self.loss(scores[blocks], batch.grades[blocks], weights=weights)
        return loss, len(blocks) // (1 + self.num_neg)
