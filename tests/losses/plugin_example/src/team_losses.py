"""Losses of a team, for ``ltr`` to find by name."""

from torch import Tensor

from ltr.lists import Reduction, arrange, reduce


def tolerant_error(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    tolerance: float = 0.5,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean of (|s - y| - tolerance)+ over the documents of a list, in grades."""
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    errors = ((docs.scores - docs.labels).abs() - tolerance).relu()
    counts = docs.lists.counts()
    values = docs.lists.sum(docs.weigh(errors)) / counts.clamp(min=1)
    return reduce(values, counts > 0, reduction, scores.dtype)
