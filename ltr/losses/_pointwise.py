"""What the pointwise losses share: from a value per document to one per list."""

import torch
from torch import Tensor

from ltr.lists import Documents, reduce


def mean_of_documents(
    docs: Documents, values: Tensor, reduction: str, dtype: torch.dtype
) -> Tensor:
    """Mean over each list's documents of their values times their weights, then reduced.

    The mean divides by the number of documents, not by their weights: with inverse propensities
    that is what keeps it unbiased.
    """
    return mean_of_sums(docs, docs.lists.sum(docs.weigh(values)), reduction, dtype)


def mean_of_sums(docs: Documents, sums: Tensor, reduction: str, dtype: torch.dtype) -> Tensor:
    """What :func:`mean_of_documents` returns, from each list's sum of values times weights."""
    counts = docs.lists.counts()
    return reduce(sums / counts.clamp(min=1), counts > 0, reduction, dtype)


def relevant_sign(docs: Documents) -> Tensor:
    """1 where the grade is above 0, else -1: Float ``[documents]``."""
    return (docs.labels > 0).to(docs.scores.dtype).mul_(2).sub_(1)
