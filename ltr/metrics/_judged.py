"""All judged documents of a list, those included that a ranking did not retrieve."""

import torch
from torch import Tensor

from ltr.lists import Documents, arrange


def judged(
    labels: Tensor,
    scored: Documents,
    *,
    lengths: Tensor | None,
    mask: Tensor | None,
) -> Documents:
    """All judged documents of the lists of ``scored``.

    Raises:
        ValueError: If they are not as many lists, or ``scored`` has weights.
    """
    if scored.weights is not None:
        msg = "weights must be None with ideal_labels: judged documents have no propensity"
        raise ValueError(msg)
    labels = labels.detach().double()
    docs = arrange(torch.zeros_like(labels), labels, lengths=lengths, mask=mask)
    if docs.lists.shape != scored.lists.shape:
        want, got = list(scored.lists.shape), list(docs.lists.shape)
        msg = f"ideal_labels must be of the same lists as scores, {want}; got {got}"
        raise ValueError(msg)
    return docs


def relevant_weight(
    scored: Documents,
    relevant_from: float,
    labels: Tensor | None,
    *,
    lengths: Tensor | None,
    mask: Tensor | None,
) -> Tensor:
    """Number of relevant documents, or sum of their weights: ``[lists]``."""
    docs = scored if labels is None else judged(labels, scored, lengths=lengths, mask=mask)
    return docs.lists.sum(docs.weigh((docs.labels >= relevant_from).double()))
