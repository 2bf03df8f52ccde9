"""What a grade is worth, and the best order that a list's grades allow."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from ltr.lists import Documents, Lists, Padded
from ltr.metrics._rows import sort_rows, waits_for_nothing

Gain: TypeAlias = Literal["exp2", "linear"] | Sequence[float]
"""2^grade - 1, the grade, or a table: the gain of grade 0, 1, 2 …"""

_FEW_GRADES = 16


def gains_of(grades: Tensor, gain: Gain) -> Tensor:
    """Gain of each grade, in the type of ``grades``.

    Raises:
        ValueError: If ``gain`` is none.
    """
    if isinstance(gain, str) and gain not in ("exp2", "linear"):
        msg = f"gain must be 'exp2', 'linear' or a table of gains by grade; got {gain!r}"
        raise ValueError(msg)
    if not isinstance(gain, str) and (not gain or min(gain) < 0):
        msg = f"gain must be a table of gains from 0; got {list(gain)}"
        raise ValueError(msg)
    if gain == "exp2":
        return grades.exp2() - 1
    if gain == "linear":
        return grades
    table = torch.tensor(gain, dtype=grades.dtype, device=grades.device)
    return table[grades.long().clamp(0, len(gain) - 1)]


def check_grades(grades: Tensor, gain: Gain = "linear") -> None:
    """Refuse, on CPU, grades that are negative, NaN, or not in a table of gains."""
    if not waits_for_nothing(grades) or not grades.numel():
        return
    lowest = float(grades.min())
    if not lowest >= 0:
        msg = f"labels must not be negative; got {lowest:g}"
        raise ValueError(msg)
    if isinstance(gain, str):
        return
    outside = grades[~((grades < len(gain)) & (grades == grades.trunc()))]
    if outside.numel():
        most = len(gain) - 1
        msg = f"labels must be whole grades from 0 to {most}, the table's; got {outside[0]:g}"
        raise ValueError(msg)


def best_gains(docs: Documents, gain: Gain, ranks: int) -> tuple[Lists, Tensor]:
    """Gains, weights included, in their best order, laid out as the first value says.

    Args:
        docs: The documents.
        gain: What a grade is worth.
        ranks: How many are needed of each list; there may be more.
    """
    if docs.weights is None and waits_for_nothing(docs.labels):
        counts = _count_grades(docs)
        if counts is not None and ranks * counts.numel() <= 8 * docs.labels.numel() + 8192:
            return _best_of_counts(docs, counts, gain, ranks)
    gains = docs.weigh(gains_of(docs.labels, gain))
    if waits_for_nothing(gains):
        rows = sort_rows(docs, gains, None, averaged=False, deepest=ranks)
        if rows is not None:
            return rows.lists, rows.lists.keep(rows.scores)
    return docs.lists.packed, docs.lists.take(gains, docs.lists.argsort(gains))


def _best_of_counts(
    docs: Documents, counts: Tensor, gain: Gain, ranks: int
) -> tuple[Lists, Tensor]:
    """The best order where ``counts [lists, grades]`` of them are known: nothing is sorted."""
    grades = torch.arange(counts.shape[1], dtype=docs.labels.dtype)
    by_gain, order = gains_of(grades, gain).sort(descending=True)
    # The gain at a rank is the first, from the best on, that with the better ones reaches it.
    through, slots = counts[:, order].cumsum(1), torch.arange(ranks)
    found = by_gain.new_zeros(len(counts), ranks)
    for column in reversed(range(len(order))):
        found = torch.where(slots < through[:, column, None], by_gain[column], found)
    shape = torch.Size([*docs.lists.shape, ranks])
    return Padded(shape, found.device), found.view(shape)


def _count_grades(docs: Documents) -> Tensor | None:
    """Documents of each grade ``[lists, grades]``; None unless grades are few whole numbers."""
    highest = float(docs.labels.max()) if docs.labels.numel() else 0.0
    if not highest < _FEW_GRADES:
        return None
    grades = docs.labels.long()
    if not torch.equal(grades.double(), docs.labels):
        return None
    lists, width = docs.lists.shape.numel(), int(highest) + 1
    # Padding has the number after the last list.
    slots = (docs.lists.ids() * width).add_(grades).flatten()
    return torch.bincount(slots, minlength=(lists + 1) * width).view(-1, width)[:lists]
