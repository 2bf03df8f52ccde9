"""Cross entropy of the scores' softmax against the grades.

Cao et al., "Learning to rank: from pairwise approach to listwise approach", ICML 2007, with the
grades themselves for the targets; Bruch et al., "An analysis of the softmax cross entropy loss for
learning-to-rank with binary relevance", ICTIR 2019, eq. 4.
"""

from torch import Tensor

from ltr.lists import Reduction, arrange
from ltr.losses._listwise import cross_entropy


def softmax_cross_entropy(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Cross entropy of a list's scores against its grades as shares, in nats.

    -sum_i w_i t_i log softmax(s)_i with the targets t_i = y_i / sum_j y_j: a list weighs the same
    whether one or ten of its documents are relevant. For clicks it is a bound on the reciprocal
    rank and on NDCG. A list whose grades are all equal is left out.

    Relations to other losses: the first to try. ``list_net`` gives also documents of grade 0 a
    share; ``xe_ndcg`` takes exponential gains and bounds NDCG; ``unique_softmax`` does not let
    equal grades compete; ``poly1_softmax`` adds a term; ``calibrated_softmax`` fixes the scale.


    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, at least 0, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a
            document's term.
        reduction: "mean" over the lists whose grades differ, "sum", or "none" for one
            value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> softmax_cross_entropy(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3]))
    tensor(0.6163)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    return cross_entropy(docs, docs.labels, reduction, scores.dtype)
