"""Normalised discounted cumulative gain (Järvelin and Kekäläinen, TOIS 20(4), 2002).

``NDCG@k = DCG@k / max DCG@k`` with ``DCG@k = sum over ranks r <= k of gain(grade) / log2(1 + r)``.

Tied scores do not say which document comes first. DCG is then its expectation over random orders of
the ties (McSherry and Najork, ECIR 2008, section 2.4): documents of a tied group share the mean of
the discounts of the ranks they occupy. It is the only rule under which the order of rows, which
often knows the labels, cannot leak into the number.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from ltr.lists import Documents, arrange, check_choice
from ltr.metrics._reduce import Blank, Reduction, mean_over_lists

Gain = Literal["exp2", "linear"] | Sequence[float]


def ndcg(
    scores: Tensor,
    labels: Tensor,
    *,
    k: int | Sequence[int] | None = None,
    gain: Gain = "exp2",
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    blank: Blank = "skip",
    reduction: Reduction = "mean",
) -> Tensor:
    """NDCG, between 0 and 1 = ideal order; tied scores are averaged over their orders.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``. A NaN among them makes the list's value NaN,
            and the mean with it: a list that cannot be ranked is no blank list.
        labels: Grades, not negative, shape of ``scores``.
        k: Ranks that count, from 1; None counts all. Several are computed in one pass.
        gain: "exp2" is 2^grade - 1, "linear" the grade, else a table: the gain of grade 0, 1, 2 …
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
        blank: What a list without a relevant document (no gain above 0) counts as in the mean.
        reduction: "mean" or "none".

    Returns:
        Float64 scalar for "mean", ``[lists]`` for "none", where a blank list is NaN whatever the
        policy; with several ``k`` each has a last dimension ``[k]`` more. No gradient.

    Raises:
        ValueError: If shapes, types or lengths do not fit, ``k`` is below 1, a word has no meaning,
            or a label is negative or outside the table (values are looked at on CPU only).

    Example:
        >>> scores = torch.tensor([0.4, 0.2, 0.5, 0.7])
        >>> labels = torch.tensor([0, 1, 2, 0])
        >>> print(f"{ndcg(scores, labels):.4f}, {ndcg(scores, labels, gain='linear'):.4f}")
        0.6399, 0.6433
        >>> ndcg(torch.zeros(3), torch.tensor([2, 1, 0]), k=[1, 3], gain="linear")
        tensor([0.5000, 0.8100], dtype=torch.float64)
    """
    check_choice("blank", blank, Blank)
    check_choice("reduction", reduction, Reduction)
    cutoffs = _cutoffs(k)
    # In float64 the order and the ties of scores of every type are kept.
    docs = arrange(scores.detach().double(), labels.detach(), lengths=lengths, mask=mask)
    gains = _gains(docs.labels, gain)
    reached, ideal = _dcg(docs, gains, cutoffs)
    values = (reached / ideal).clamp(max=1.0)
    values = torch.where(_any(docs, docs.scores.isnan())[..., None], torch.nan, values)
    if reduction == "mean":
        is_blank = (ideal[..., -1] == 0).flatten()
        values = mean_over_lists(values.flatten(0, -2), is_blank, blank)
    return values if isinstance(k, Sequence) else values[..., 0]


def _cutoffs(k: int | Sequence[int] | None) -> list[int | None]:
    cutoffs: list[int | None] = [*k] if isinstance(k, Sequence) else [k]
    if not cutoffs or any(cutoff is not None and cutoff < 1 for cutoff in cutoffs):
        msg = f"k must be one or more ranks from 1, or None for all; got {k!r}"
        raise ValueError(msg)
    return cutoffs


def _gains(grades: Tensor, gain: Gain) -> Tensor:
    if isinstance(gain, str) and gain not in ("exp2", "linear"):
        msg = f"gain must be 'exp2', 'linear' or a table of gains by grade; got {gain!r}"
        raise ValueError(msg)
    if not isinstance(gain, str) and (not gain or min(gain) < 0):
        msg = f"gain must be a table of gains from 0; got {list(gain)}"
        raise ValueError(msg)
    _check_grades(grades, None if isinstance(gain, str) else len(gain))
    if gain == "exp2":
        return grades.exp2() - 1
    if gain == "linear":
        return grades
    return torch.tensor(gain, dtype=grades.dtype, device=grades.device)[grades.long()]


def _check_grades(grades: Tensor, table: int | None) -> None:
    if grades.device.type != "cpu" or torch.compiler.is_compiling() or not grades.numel():
        return
    if bool((grades < 0).any()):
        msg = f"labels must not be negative; got {float(grades.min()):g}"
        raise ValueError(msg)
    if table is None:
        return
    outside = grades[~((grades < table) & (grades == grades.trunc()))]
    if outside.numel():
        msg = f"labels must be whole grades from 0 to {table - 1}, the table's; got {outside[0]:g}"
        raise ValueError(msg)


def _dcg(docs: Documents, gains: Tensor, cutoffs: list[int | None]) -> tuple[Tensor, Tensor]:
    """DCG of the scores' order and of the best one, both ``[lists, k]``."""
    packed, by_score = docs.lists.packed, docs.lists.argsort(docs.scores)
    of_list = _changes(packed.ids())
    of_tie = of_list | _changes(docs.lists.take(docs.scores, by_score))
    start, _ = _run_ends(of_list)
    first, last = (end - start for end in _run_ends(of_tie))
    rank = torch.arange(gains.shape[-1], device=gains.device) - start
    ranked = docs.lists.take(gains, by_score)
    best = docs.lists.take(gains, docs.lists.argsort(gains))
    reached, ideal = [], []
    for cutoff in cutoffs:
        upto = _discount_upto(gains.shape[-1], cutoff, gains)
        shared = (upto[last + 1] - upto[first]) / (last + 1 - first)
        reached.append(packed.sum(ranked * shared))
        ideal.append(packed.sum(best * (upto[rank + 1] - upto[rank])))
    return torch.stack(reached, -1), torch.stack(ideal, -1)


def _changes(x: Tensor) -> Tensor:
    """True where the last dimension starts, or where ``x`` is another value than just before."""
    changed = torch.ones_like(x, dtype=torch.bool)
    changed[..., 1:] = x[..., 1:] != x[..., :-1]
    return changed


def _run_ends(starts: Tensor) -> tuple[Tensor, Tensor]:
    """Index of the first and of the last element of the run that each element belongs to."""
    size = starts.shape[-1]
    index = torch.arange(size, device=starts.device).expand(starts.shape)
    if size == 0:
        return index, index
    first = torch.where(starts, index, 0).cummax(-1).values
    is_last = torch.ones_like(starts)
    is_last[..., :-1] = starts[..., 1:]
    last = torch.where(is_last, index, size - 1).flip(-1).cummin(-1).values.flip(-1)
    return first, last


def _discount_upto(size: int, cutoff: int | None, like: Tensor) -> Tensor:
    """Sum of the discounts of the first 0, 1, … ``size`` ranks: Float64 ``[size + 1]``."""
    ranks = torch.arange(size + 1, dtype=like.dtype, device=like.device)
    discount = torch.where(ranks > 0, 1 / torch.log2(1 + ranks), 0.0)
    if cutoff is not None:
        discount[cutoff + 1 :] = 0
    return discount.cumsum(0)


def _any(docs: Documents, condition: Tensor) -> Tensor:
    """Whether ``condition`` holds for any document of each list: Bool ``[lists]``."""
    return docs.lists.sum(condition.double()) > 0
