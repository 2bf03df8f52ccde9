"""Likelihood of the order of the grades, weighed by position.

Lan et al., "Position-aware ListMLE: a sequential learning process for ranking", UAI 2014, eq. 7
with its weights 2^(n - k) - 1.
"""

import torch
from torch import Tensor
from torch.nn.functional import threshold

from ltr.lists import Lists, Reduction, arrange
from ltr.losses._plackett_luce import order_cost


def p_list_mle(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    generator: torch.Generator | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean negative log-likelihood of the draws of a list's order, weighed by position; in nats.

    sum_k a_k (-log(e^s_(k) / sum_(l >= k) e^s_(l))) / sum_k a_k, where (1), (2), … are the n
    documents from the highest grade down and a_k = 2^(n - k) - 1: half of the weight is on the
    first draw. Divided by their sum, because 2^n overflows from 128 documents. Equal grades are
    treated as in ``list_mle``. A list whose grades are all equal is left out.

    Relations to other losses: ``list_mle`` with the weight on the top.


    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a
            document's draw.
        generator: Orders equal grades anew with each call; the same seed gives another order for
            padded lists than for ragged ones. None: equal grades share their draws.
            ``torch.compile`` needs ``generator=None`` for a whole graph.
        reduction: "mean" over the lists whose grades differ, "sum", or "none" for one
            value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> p_list_mle(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3]))
    tensor(0.2313)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    return order_cost(docs, generator, reduction, scores.dtype, _position_weights)


def _position_weights(lists: Lists, like: Tensor) -> Tensor:
    """(2^-k - 2^-n) over its sum, for documents from position n to 1."""
    counts = lists.counts().to(like)
    last = (-counts).exp2()
    total = 1 - last - counts * last
    # Padding lies behind position 1.
    positions = (lists.spread(counts) - lists.place()).clamp(min=1)
    weights = (-positions).exp2() - lists.spread(last)
    shares = weights / lists.spread(total.where(total > 0, 1.0))
    # A share below all rounding would only give gradients too small for a processor's fast path.
    return threshold(shares, torch.finfo(shares.dtype).eps ** 2, 0.0)
