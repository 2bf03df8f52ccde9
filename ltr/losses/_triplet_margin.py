"""Triplet loss over a batch of embeddings, with all, the hardest or semi-hard negatives.

Schroff, Kalenichenko and Philbin, "FaceNet: a unified embedding for face recognition and
clustering", CVPR 2015: the loss is its eq. 3, a semi-hard negative its eq. 4. "hard" is the batch
hard, and "all" the batch all, of Hermans, Beyer and Leibe, "In defense of the triplet loss for
person re-identification", 2017.
"""

from typing import Literal, TypeAlias

import torch
from torch import Tensor

from ltr.lists import Reduction, check_choice, reduce
from ltr.losses._embeddings import Classes, arrange_classes, distances
from ltr.losses._graded_hinge import graded_hinge

Mining: TypeAlias = Literal["all", "hard", "semi_hard"]


def triplet_margin(
    embeddings: Tensor,
    classes: Tensor,
    *,
    mining: Mining = "all",
    margin: float = 1.0,
    squared: bool = False,
    reduction: Reduction = "mean",
) -> Tensor:
    """Hinge of each anchor's positives against its negatives, in the unit of the distance.

    (d(anchor, positive) - d(anchor, negative) + margin)+, every embedding being an anchor, those of
    its class its positives and all others its negatives. An anchor's value is the mean over

    * "all": every positive with every negative. It is the graded hinge of the batch sorted by
      distance, so n embeddings cost O(n^2 log n), not n^3;
    * "hard": one triplet, the farthest positive with the nearest negative;
    * "semi_hard": each positive with the nearest negative that is farther than itself, or, where
      none is, with the farthest negative.

    Relations to other losses: "hard" may collapse all embeddings into one point early in training:
    begin with "semi_hard" or "all". ``circle`` weighs each pair by how far it is from its goal;
    ``contrastive`` takes given pairs.

    Args:
        embeddings: Float ``[docs, dim]``.
        classes: Int ``[docs]``.
        mining: "all", "hard" or "semi_hard".
        margin: Distance between positive and negative at which a triplet costs nothing.
        squared: Take squared distances, as Schroff (who has embeddings of length 1 and margin 0.2);
            else Euclidean ones, as torch's ``TripletMarginLoss``.
        reduction: "mean" over the anchors that have a positive and a negative, "sum", or "none" for
            one value per anchor.

    Returns:
        A scalar, or ``[docs]`` for "none", in the type of ``embeddings``.

    Raises:
        ValueError: If shapes or types do not fit, or ``mining`` is another word.

    >>> import torch
    >>> embeddings, classes = torch.tensor([[0.0], [1.0], [1.5], [9.0]]), torch.tensor([0, 0, 1, 1])
    >>> triplet_margin(embeddings, classes, reduction="none")
    tensor([0.2500, 0.7500, 7.5000, 0.2500])
    >>> triplet_margin(embeddings, classes, mining="hard", reduction="none")
    tensor([0.5000, 1.5000, 8.0000, 0.5000])
    """
    check_choice("mining", mining, Mining)
    batch = arrange_classes(embeddings, classes)
    d = distances(batch.embeddings)
    if squared:
        d = d.square()
    counted = batch.is_positive.any(-1) & batch.is_negative.any(-1)
    values = _MINED[mining](d, batch, margin)
    return reduce(torch.where(counted, values, 0.0), counted, reduction, embeddings.dtype)


_TILE = 2**18
"""Pairs of an anchor and another embedding whose triplets are summed at once."""


def _all(d: Tensor, batch: Classes, margin: float) -> Tensor:
    others = batch.is_positive | batch.is_negative
    anchors = max(1, _TILE // max(1, len(d)))
    tiles = zip(*(torch.split(x, anchors) for x in (-d, batch.is_positive, others)), strict=True)
    # Nearer is better: each anchor is a list, graded by who is of its class.
    return torch.cat(
        [graded_hinge(s, y, mask=mask, margin=margin, reduction="none") for s, y, mask in tiles]
    )


def _hard(d: Tensor, batch: Classes, margin: float) -> Tensor:
    farthest, nearest = batch.positives.max(d), -batch.negatives.max(-d)
    return (farthest - nearest + margin).relu()


def _semi_hard(d: Tensor, batch: Classes, margin: float) -> Tensor:
    # Below every distance, so that the negatives are the end of each row.
    negatives = batch.negatives.keep(d, -1.0).sort(-1).values
    place = torch.searchsorted(negatives.detach(), d.detach(), right=True)
    chosen = negatives.gather(-1, place.clamp(max=len(d) - 1))
    # A NaN sorts last, where nothing may choose it; it must not pass unseen.
    chosen = chosen + 0 * negatives[:, -1:]
    hinges = (d - chosen + margin).relu()
    return batch.positives.sum(hinges) / batch.positives.counts().clamp(min=1)


_MINED = {"all": _all, "hard": _hard, "semi_hard": _semi_hard}
