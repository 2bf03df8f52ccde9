"""Hinge on given distances: alike pairs together, the others apart by a margin.

The objective of torch's ``HingeEmbeddingLoss``; Hadsell, Chopra and LeCun, CVPR 2006, eq. 4, square
both of its terms (``contrastive``).
"""

import torch
from torch import Tensor

from ltr.lists import Reduction
from ltr.losses._embeddings import check_shape, reduce_pairs, working_type


def hinge_embedding(
    distances: Tensor,
    labels: Tensor,
    *,
    weights: Tensor | None = None,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """Distance of each alike pair, and what each other pair lacks to the margin; in their unit.

    d for a pair that is alike, (margin - d)+ for one that is not.

    Relations to other losses: ``hinge`` takes scores, which may be negative: this one would pay
    without end for a low score, so it refuses them. ``contrastive`` takes embeddings and squares;
    ``cosine_embedding`` takes embeddings and leaves their lengths alone.

    Args:
        distances: Float ``[...]``, one for each pair, not negative.
        labels: Shape of ``distances``; above 0 = alike, else (-1 or 0) not.
        weights: Shape of ``distances``; multiplies the pair's value.
        margin: Distance from which a pair that is not alike costs nothing.
        reduction: "mean" over the pairs with a weight other than 0, "sum", or "none" for one value
            per pair.

    Returns:
        A scalar, or the shape of ``distances`` for "none", in their type.

    Raises:
        ValueError: If shapes or types do not fit, or (on CPU) a distance is negative.

    >>> import torch
    >>> distances, labels = torch.tensor([0.5, 0.25, 3.0]), torch.tensor([1, -1, -1])
    >>> hinge_embedding(distances, labels, reduction="none")
    tensor([0.5000, 0.7500, 0.0000])
    """
    _check(distances, labels, weights)
    d = distances.to(working_type(distances))
    values = torch.where(labels > 0, d, (margin - d).relu())
    return reduce_pairs(values, weights, reduction, distances.dtype)


def _check(distances: Tensor, labels: Tensor, weights: Tensor | None) -> None:
    if not distances.is_floating_point():
        msg = f"distances must be floating point; got {distances.dtype}"
        raise ValueError(msg)
    check_shape("labels", labels, distances.shape, "distances")
    if weights is not None:
        check_shape("weights", weights, distances.shape, "distances")
    if distances.device.type != "cpu" or torch.compiler.is_compiling():
        return
    # 1 - cosine of two equal vectors rounds to a little below 0.
    rounding = 8 * torch.finfo(distances.dtype).eps
    if bool((distances < -rounding).any()):
        msg = (
            f"distances must not be negative; got {float(distances.min()):.6g}. "
            "Scores are for hinge, embeddings for cosine_embedding or contrastive"
        )
        raise ValueError(msg)
