"""Circle loss over all pairs of a batch of embeddings.

Sun et al., "Circle loss: a unified perspective of pair similarity optimization", CVPR 2020, eq. 6
with its choice of optima, 1 + m and -m, and of margins, 1 - m and m. As in the gradient that it
derives, the weights that it gives to the pairs are constants in the backward pass.
"""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ltr.lists import Padded, Reduction, reduce
from ltr.losses._embeddings import arrange_classes, products, unit


def circle(
    embeddings: Tensor,
    classes: Tensor,
    *,
    gamma: float = 1.0,
    m: float = 0.25,
    reduction: Reduction = "mean",
) -> Tensor:
    """Soft largest violation between the cosines of alike pairs and those of others; no unit.

    log(1 + sum_n exp(gamma (s_n + m)+ (s_n - m)) sum_p exp(-gamma (1 + m - s_p)+ (s_p - 1 + m))),
    over the pairs p of one class and n of two, s their cosine. The factors (...)+ weigh a pair by
    how far it is from its goal, 1 or 0. By logsumexp, which does not overflow at any gamma.

    Relations to other losses: ``triplet_margin`` pushes every pair alike and compares per anchor;
    here a pair that is nearly right is let alone, and one threshold holds for the batch.

    Args:
        embeddings: Float ``[docs, dim]``, of any length: they are scaled to 1.
        classes: Int ``[docs]``.
        gamma: Scale; the paper takes 80 to 256 for batches of sampled classes.
        m: Relaxation: goals of cosine 1 - m and m.
        reduction: The batch has one value: "mean" and "sum" give it, "none" gives it as ``[1]``.

    Returns:
        A scalar, or ``[1]`` for "none", in the type of ``embeddings``; 0 where the batch has no
        pair of one class, or none of two.

    Raises:
        ValueError: If shapes or types do not fit.

    >>> import torch
    >>> embeddings, classes = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]), [0, 0, 1]
    >>> circle(embeddings, torch.tensor(classes), gamma=16.0)
    tensor(4.4153)
    """
    batch = arrange_classes(embeddings, classes)
    vectors = unit(batch.embeddings)
    s = products(vectors, vectors).view(1, -1)
    alike, unlike = (_pairs(x, s.dtype) for x in (batch.is_positive, batch.is_negative))
    weight_alike, weight_unlike = (1 + m - s.detach()).relu(), (s.detach() + m).relu()
    violation = alike.logsumexp(-gamma * weight_alike * (s - (1 - m))) + unlike.logsumexp(
        gamma * weight_unlike * (s - m)
    )
    counted = (alike.counts() > 0) & (unlike.counts() > 0)
    values = torch.where(counted, softplus(violation), 0.0)
    return reduce(values, counted, reduction, embeddings.dtype)


def _pairs(chosen: Tensor, dtype: torch.dtype) -> Padded:
    """One list ``[1, docs * docs]`` of the chosen pairs, each once."""
    mask = chosen.triu(1).view(1, -1)
    return Padded.of(mask.shape, mask.device, mask, dtype)
