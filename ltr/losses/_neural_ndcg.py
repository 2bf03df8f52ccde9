"""NDCG over a softened sort.

Pobrotyn and Białobrzeski, "NeuralNDCG: direct optimisation of a ranking metric via differentiable
relaxation of sorting", SIGIR eCom 2021, eq. 7; the sort is deterministic NeuralSort, Grover et al.,
"Stochastic optimization of sorting networks via continuous relaxations", ICLR 2019, eq. 5.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from ltr.lists import Documents, Lists, Reduction, arrange
from ltr.losses._listwise import exponential_gains
from ltr.losses._ndcg import discount, one_minus_ndcg, positions


def neural_ndcg(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    temperature: float = 1.0,
    rounds: int = 20,
    reduction: Reduction = "mean",
) -> Tensor:
    """1 - NDCG of a list, with a softened order; from 0 to 1.

    1 - sum_k (P g)_k / log2(1 + k) / ideal, g_i = 2^y_i - 1: P_ki is the share of document i in
    position k, softmax over i of ((n + 1 - 2k) s_i - sum_j |s_i - s_j|) / temperature. Its columns
    are brought to sum to 1, so that no gain counts twice, by ``rounds`` of Sinkhorn scaling: 20
    leave about 0.001 of the value. Gains are taken relative to the list's largest grade. A list
    whose grades are all equal is left out, so also one without a relevant document.

    Bounded in [0, 1], so its gradient fades for a document that is far from where it belongs and
    is 0 for one that is hopelessly far (scores apart by
    some 20 temperatures).
    Takes memory for all pairs of a list.

    Relations to other losses: ``approx_ndcg`` softens the ranks instead of the order, at a fraction
    of the time. ``lambda_loss`` and ``xe_ndcg`` bound NDCG and never go flat.


    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, at least 0, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a
            document's term.
        temperature: Softness of the order, in units of the scores; above 0.
        rounds: Rounds of Sinkhorn scaling, at least 0.
        reduction: "mean" over the lists whose grades differ, "sum", or "none" for one
            value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> neural_ndcg(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([3, 0, 1]))
    tensor(0.2620)
    """
    if not temperature > 0:
        msg = f"temperature must be above 0; got {temperature}"
        raise ValueError(msg)
    if rounds < 0:
        msg = f"rounds must be at least 0; got {rounds}"
        raise ValueError(msg)
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    gains = exponential_gains(docs)
    with _full_precision(scores):
        expected = _expected(docs, docs.weigh(gains), temperature, rounds)
    lists = docs.lists.packed
    dcg = lists.sum(expected * discount(positions(lists, expected)))
    return one_minus_ndcg(docs, gains, dcg, reduction, scores.dtype)


def _full_precision(scores: Tensor) -> AbstractContextManager[object]:
    """No autocast, which would take the matrix products to half precision."""
    if scores.device.type == "meta":
        return nullcontext()
    return torch.autocast(scores.device.type, enabled=False)


def _expected(docs: Documents, gains: Tensor, temperature: float, rounds: int) -> Tensor:
    """Gain to expect in each position: Float ``[documents]`` as ``docs.lists.packed``."""
    lists = docs.lists
    ones = torch.ones_like(gains)
    position, document = lists.packed.rows(ones), lists.rows(ones)
    shares = _soft_sort(lists, docs.scores / temperature, document)
    by_document = shares.mT.contiguous()
    # Scaling rows and columns by vectors leaves the matrix as it is: a round only reads it.
    up, across = position, document
    for _ in range(rounds):
        across = document / (_times(up, shares) + (1 - document))
        up = position / (_times(across, by_document) + (1 - position))
    return lists.packed.from_rows(up * _times(across * lists.rows(gains), by_document))


def _times(vector: Tensor, matrix: Tensor) -> Tensor:
    return (vector[..., None, :] @ matrix).squeeze(-2)


def _soft_sort(lists: Lists, x: Tensor, real: Tensor) -> Tensor:
    """NeuralSort of scores: ``[..., positions, documents]``."""
    lowest = torch.finfo(x.dtype).min / 2
    steps = lists.spread(lists.counts()).to(x) + 1 - 2 * positions(lists.packed, x)
    # Above the largest: what is the same in a row falls out of its softmax, but not of rounding.
    x = lists.rows(x - lists.spread(lists.max(x.detach())))
    apart = (x[..., None] - x[..., None, :]).abs()
    same = lists.same_list()
    if same is not None:
        apart = apart.masked_fill(~same, 0.0)
    behind = -_times(real, apart).masked_fill(real == 0, -lowest)
    logits = torch.addcmul(
        behind[..., None, :], lists.packed.rows(steps)[..., None], x[..., None, :]
    )
    return (logits if same is None else logits.masked_fill(~same, lowest)).softmax(-1)
