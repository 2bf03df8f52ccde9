"""Expected reciprocal rank (Chapelle et al., CIKM 2009)."""

import torch
from torch import Tensor

from ltr.metrics._cascade import stop_probability
from ltr.metrics._gains import check_grades
from ltr.metrics._ranked import Ties, rank_documents
from ltr.metrics._reduce import Blank, Cutoffs, Reduction, cutoffs_of, deepest_of, finish
from ltr.metrics._rows import waits_for_nothing


def expected_reciprocal_rank(
    scores: Tensor,
    labels: Tensor,
    *,
    k: Cutoffs = None,
    max_grade: float = 4,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    list_weights: Tensor | None = None,
    ties: Ties = "averaged",
    ids: Tensor | None = None,
    blank: Blank = "skip",
    reduction: Reduction = "mean",
) -> Tensor:
    """ERR: expected 1 / rank at which a reader who goes down the list is satisfied, 0 to 1.

    A document of grade g satisfies with probability (2^g - 1) / 2^max_grade. Its cost under ties
    with unequal grades is the list's documents times the deepest rank; elsewhere a running sum.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, not negative, shape of ``scores``.
        k: Ranks that count, from 1; None counts all. Several are computed in one pass.
        max_grade: The highest grade there is, in any list; higher labels are refused (on CPU).
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
        list_weights: Float ``[lists]``, not negative, for the mean.
        ties: "averaged" over random orders, or "input_order", "document_id", "worst".
        ids: Int, shape of ``scores``, for "document_id": the higher id comes first.
        blank: What a list without a relevant document counts as in the mean.
        reduction: "mean" or "none".

    Returns:
        Float64 scalar for "mean", ``[lists]`` for "none", NaN for a blank list; with several ``k``
        each has a last dimension ``[k]`` more. No gradient.

    Raises:
        ValueError: If an argument does not fit, see ``ndcg``.

    Example:
        >>> scores, labels = torch.tensor([0.4, 0.2, 0.5]), torch.tensor([4, 0, 0])
        >>> print(f"{expected_reciprocal_rank(scores, labels):.4f} = 15/16 / 2")
        0.4688 = 15/16 / 2
    """
    ranked = rank_documents(
        scores,
        labels,
        deepest=deepest_of(k),
        lengths=lengths,
        mask=mask,
        weights=None,
        ties=ties,
        ids=ids,
    )
    docs = ranked.docs
    check_grades(docs.labels)
    _check_highest(docs.labels, max_grade)
    goes_on = 1 - (ranked.take(docs.labels).exp2() - 1) / 2**max_grade
    stops = stop_probability(ranked, goes_on) / ranked.rank
    within = [
        stops if cutoff is None else torch.where(ranked.rank <= cutoff, stops, 0.0)
        for cutoff in cutoffs_of(k)
    ]
    return finish(
        torch.stack([ranked.lists.sum(part) for part in within], -1),
        is_blank=docs.lists.sum(docs.labels) == 0,
        unrankable=ranked.unrankable,
        k=k,
        list_weights=list_weights,
        blank=blank,
        reduction=reduction,
    )


def _check_highest(grades: Tensor, max_grade: float) -> None:
    if not waits_for_nothing(grades) or not grades.numel():
        return
    if float(grades.max()) > max_grade:
        msg = f"labels must not be above max_grade={max_grade:g}; got {float(grades.max()):g}"
        raise ValueError(msg)
