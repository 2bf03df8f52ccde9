"""Likelihood of the order of the grades under the Plackett-Luce model.

Xia et al., "Listwise approach to learning to rank: theory and algorithm", ICML 2008, section 5.2
(likelihood loss).
"""

import torch
from torch import Tensor

from ltr.lists import Reduction, arrange
from ltr.losses._plackett_luce import order_cost


def list_mle(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    generator: torch.Generator | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Negative log-likelihood of a list's order by grade, in nats.

    sum_k -log(e^s_(k) / sum_(l >= k) e^s_(l)), where (1), (2), … are the documents from the highest
    grade down: each is drawn among those not yet drawn. Among equal grades no order is right, and
    never that in which they are given: with a generator one is drawn for this call; without, they
    share their draws, which gives the mean over all their orders where their scores are equal, a
    bound on it otherwise, and the same value each time. A list whose grades are all equal is left
    out.

    Relations to other losses: it learns the whole order, down to the last document, and its value
    grows with the list. ``p_list_mle`` puts the weight on the top. With few distinct grades most of
    it goes to ties: there ``softmax_cross_entropy`` or ``unique_softmax`` are the better choice.


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
    >>> list_mle(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3]))
    tensor(0.4427)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    return order_cost(docs, generator, reduction, scores.dtype)
