"""Contrastive loss over pairs of embeddings.

Hadsell, Chopra and LeCun, "Dimensionality reduction by learning an invariant mapping", CVPR 2006,
eq. 4. Its Y is 0 for a similar pair; here, as in every loss over pairs, such a pair's label is 1.
"""

import torch
from torch import Tensor

from ltr.lists import Reduction
from ltr.losses._embeddings import arrange_pairs, reduce_pairs


def contrastive(
    left: Tensor,
    right: Tensor,
    labels: Tensor,
    *,
    weights: Tensor | None = None,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """Half the squared distance of alike pairs, or of what other pairs lack to the margin.

    d^2 / 2 for a pair that is alike, ((margin - d)+)^2 / 2 for one that is not, d the Euclidean
    distance; in its unit squared. Two equal embeddings that are not alike have no direction to
    part in: their gradient is 0. The value of a float16 pair at distance 362 leaves its type.

    Relations to other losses: ``hinge_embedding`` takes distances and does not square, so a far
    pair pulls no harder than a near one; ``triplet_margin`` needs no absolute distance to be right.

    Args:
        left: Float ``[..., dim]``, one embedding of each pair.
        right: Shape of ``left``, the other embedding.
        labels: ``[...]``; above 0 = alike, else (-1 or 0) not.
        weights: ``[...]``; multiplies the pair's value.
        margin: Distance from which a pair that is not alike costs nothing.
        reduction: "mean" over the pairs with a weight other than 0, "sum", or "none" for one value
            per pair.

    Returns:
        A scalar, or ``[...]`` for "none", in the type of ``left``.

    Raises:
        ValueError: If shapes or types do not fit.

    >>> import torch
    >>> left, right = torch.tensor([[0.0, 0.0]] * 2), torch.tensor([[0.3, 0.4]] * 2)
    >>> contrastive(left, right, torch.tensor([1, -1]), margin=2.0, reduction="none")
    tensor([0.1250, 1.1250])
    """
    pairs = arrange_pairs(left, right, labels, weights)
    distance = torch.linalg.vector_norm(pairs.left - pairs.right, dim=-1)
    short = torch.where(pairs.is_alike, distance, (margin - distance).relu())
    values = short.square() / 2
    return reduce_pairs(values, weights, reduction, left.dtype)
