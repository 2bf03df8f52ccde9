"""Cosine of pairs of embeddings: alike pairs in one direction, the others apart by a margin.

The objective of torch's ``CosineEmbeddingLoss``.
"""

import torch
from torch import Tensor

from ltr.lists import Reduction
from ltr.losses._embeddings import arrange_pairs, reduce_pairs, unit


def cosine_embedding(
    left: Tensor,
    right: Tensor,
    labels: Tensor,
    *,
    weights: Tensor | None = None,
    margin: float = 0.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """1 - cosine of each alike pair, and the cosine above the margin of each other pair; no unit.

    1 - cos for a pair that is alike, (cos - margin)+ for one that is not. A zero vector has cosine
    0 with every other.

    Relations to other losses: ``contrastive`` compares distances, so lengths count; ``circle``
    compares cosines, of all pairs of a batch, with one another instead of with a margin.

    Args:
        left: Float ``[..., dim]``, one embedding of each pair.
        right: Shape of ``left``, the other embedding.
        labels: ``[...]``; above 0 = alike, else (-1 or 0) not.
        weights: ``[...]``; multiplies the pair's value.
        margin: Cosine up to which a pair that is not alike costs nothing, from -1 to 1.
        reduction: "mean" over the pairs with a weight other than 0, "sum", or "none" for one value
            per pair.

    Returns:
        A scalar, or ``[...]`` for "none", in the type of ``left``.

    Raises:
        ValueError: If shapes or types do not fit.

    >>> import torch
    >>> left, right = torch.tensor([[1.0, 0.0]] * 2), torch.tensor([[3.0, 4.0]] * 2)
    >>> cosine_embedding(left, right, torch.tensor([1, -1]), margin=0.5, reduction="none")
    tensor([0.4000, 0.1000])
    """
    pairs = arrange_pairs(left, right, labels, weights)
    cosine = (unit(pairs.left) * unit(pairs.right)).sum(-1)
    values = torch.where(pairs.is_alike, 1 - cosine, (cosine - margin).relu())
    return reduce_pairs(values, weights, reduction, left.dtype)
