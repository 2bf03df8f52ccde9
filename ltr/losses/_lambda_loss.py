"""LambdaRank and LambdaLoss: the logistic cost of pairs, weighed by their part in NDCG.

The sources are those of :mod:`ltr.losses._lambda_weight`.
"""

from torch import Tensor

from ltr.lists import Reduction, arrange, reduce
from ltr.losses._lambda_weight import LambdaWeight, Scheme
from ltr.losses._pairs import is_pair, logistic, pairwise


def lambda_loss(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    scheme: Scheme = "lambdarank",
    k: int | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Logistic cost of a list's pairs, each weighed by its part in NDCG@k; in nats times NDCG.

    sum_ij w_i lambda_ij log(1 + exp(-(s_i - s_j))) over the pairs with y_i > y_j;
    :class:`LambdaWeight` says what lambda is, by scheme, and how it treats ties. It is a sum, as in
    the papers: max DCG has scaled the weights already, and to divide by their sum would take that
    back. A list without a relevant document is left out.

    Time and memory are those of ``ranknet``. Differentiable once, in the scores; the weights are
    constants to the gradient. In float16 the sum may overflow, its gradient does not.

    Relations to other losses: with all weights 1 and a mean it is ``ranknet``, and ``ranknet`` with
    this weight is it, divided by the number of pairs; ``approx_ndcg`` smooths NDCG itself.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, shape of ``scores``; above 0 = relevant, below 0 gains as 0.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; a pair has its higher document's.
        scheme: "lambdarank", "ndcg1", "ndcg2" or "ndcg2++".
        k: Ranks that count, from 1; None: all. A pair is kept if either document is in the first k.
        reduction: "mean" over the lists that have a pair and a relevant document, "sum", or "none"
            for one value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, ``k`` is below 1, or a word has no
            meaning.

    >>> import torch
    >>> scores, labels = torch.tensor([0.2, -0.4, 1.3]), torch.tensor([1, 0, 3])
    >>> lambda_loss(scores, labels, scheme="ndcg2")
    tensor(0.1247)
    """
    weight = LambdaWeight(scheme, k)
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    pairs = pairwise(docs, logistic, is_pair, weight)
    counted = pairs.counted & (docs.lists.max(docs.labels) > 0)
    return reduce(pairs.cost, counted, reduction, scores.dtype)
