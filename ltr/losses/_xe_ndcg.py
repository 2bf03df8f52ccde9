"""Cross entropy whose targets make it a bound on NDCG.

Bruch, "An alternative cross entropy loss for learning-to-rank", WWW 2021, its XE-NDCG-MART: targets
(2^y - gamma) over their sum, gamma drawn from [0, 1].
"""

import torch
from torch import Tensor

from ltr.lists import Reduction, arrange
from ltr.losses._listwise import cross_entropy, exponential_gains


def xe_ndcg(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    generator: torch.Generator | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Cross entropy of a list's scores against exponential gains less a random part, in nats.

    -sum_i w_i t_i log softmax(s)_i, t_i = (2^y_i - g_i) / sum_j (2^y_j - g_j). The g_i are drawn
    anew with each call from ``generator``, uniform in [0, 1), as the paper does; without one each
    is its mean, 1/2, so that the loss is a function of its inputs. A list whose grades are all
    equal is left out, so also one without a relevant document.

    Relations to other losses: convex, and a bound on NDCG, which ``approx_ndcg`` and
    ``neural_ndcg`` follow more closely at the price of flat stretches. ``softmax_cross_entropy``
    has linear gains and none for grade 0.


    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, at least 0, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a
            document's term.
        generator: Draws the random parts; the same seed gives other parts for padded lists than for
            ragged ones. ``torch.compile`` needs ``generator=None`` for a whole graph.
        reduction: "mean" over the lists whose grades differ, "sum", or "none" for one
            value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> xe_ndcg(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3]))
    tensor(0.6360)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    noise: Tensor | float = 0.5
    if generator is not None:
        drawn = torch.rand(docs.scores.shape, generator=generator, device=generator.device)
        noise = drawn.to(docs.scores)
    gains = exponential_gains(docs, less=noise)
    return cross_entropy(docs, gains, reduction, scores.dtype)
