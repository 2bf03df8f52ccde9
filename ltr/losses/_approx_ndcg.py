"""NDCG with ranks that are sums of sigmoids.

Qin, Liu and Li, "A general approximation framework for direct optimization of information retrieval
measures", Information Retrieval 2010, its approximation of position and ApproxNDCG; Bruch et al.,
"Revisiting approximate metric optimization in the age of deep neural networks", SIGIR 2019.
"""

import torch
from torch import Tensor

from ltr.lists import Lists, Reduction, arrange
from ltr.losses._listwise import exponential_gains
from ltr.losses._ndcg import discount, one_minus_ndcg


def approx_ndcg(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    temperature: float = 0.1,
    reduction: Reduction = "mean",
) -> Tensor:
    """1 - NDCG of a list, with soft ranks; from 0 to 1.

    1 - sum_i g_i / log2(1 + r_i) / ideal, g_i = 2^y_i - 1, r_i = 1 + sum_(j != i) sigma((s_j - s_i)
    / temperature): a rank from 1, which a temperature of 0.1 sharpens: a document 0.5 behind counts
    as 0.993 of one behind. Gains are taken relative to the list's largest grade, so that grade 40
    does not overflow. A list
    whose grades are all equal is left out, so also one without a relevant document.

    Bounded in [0, 1], so its gradient fades for a document that is far from where it belongs and
    is 0 for one that is hopelessly far (differences in score beyond
    some 20 temperatures).
    Takes memory for all pairs of a list.

    Relations to other losses: the metric itself, but for its ranks; start from scores that are
    near, or from a model trained with ``softmax_cross_entropy``. ``neural_ndcg`` softens the order
    instead of the ranks. ``lambda_loss`` and ``xe_ndcg`` bound NDCG and never go flat.


    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, at least 0, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a
            document's term.
        temperature: Score difference at which a pair counts as 0.73 in order; above 0.
        reduction: "mean" over the lists whose grades differ, "sum", or "none" for one
            value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> approx_ndcg(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([3, 0, 1]))
    tensor(0.2902)
    """
    if not temperature > 0:
        msg = f"temperature must be above 0; got {temperature}"
        raise ValueError(msg)
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    gains = exponential_gains(docs)
    ranks = _soft_ranks(docs.lists, docs.scores / temperature)
    dcg = docs.lists.sum(docs.weigh(gains) * discount(ranks))
    return one_minus_ndcg(docs, gains, dcg, reduction, scores.dtype)


def _soft_ranks(lists: Lists, x: Tensor) -> Tensor:
    # Padding is below every document: its sigmoid is 0, and needs no mask over the pairs.
    rows = lists.rows(x, torch.finfo(x.dtype).min / 2)
    above = (rows[..., None, :] - rows[..., None]).sigmoid()
    same = lists.same_list()
    if same is not None:
        above = above.masked_fill(~same, 0.0)
    # The document itself is half above itself.
    return lists.from_rows(above.sum(-1)) + 0.5
