"""Documents in the order of their grades, those of one grade side by side."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ltr.lists import Documents, Lists


@dataclass(frozen=True, slots=True)
class ByGrade:
    """Documents of each list from the lowest grade to the highest; see :func:`by_grade`."""

    lists: Lists
    order: Tensor
    """Where each document was: Int64 ``[documents]``, for ``take``."""
    scores: Tensor
    first: Tensor
    """Place of the first document of the same grade, in the last dimension: Int64."""
    last: Tensor
    """Place of the last document of the same grade."""
    lower: Tensor
    """Place of the last document of a lower grade, where there is one."""
    has_lower: Tensor
    """True where the list has a document of a lower grade."""

    def mean(self, x: Tensor) -> Tensor:
        """Mean of ``x`` over the documents of each one's grade."""
        total = torch.zeros_like(x).scatter_add(-1, self.first, x).gather(-1, self.first)
        return total / (self.last - self.first + 1)


def by_grade(docs: Documents) -> ByGrade:
    """Sort the documents of each list by grade; equal grades keep their order.

    The scores are those above the list's largest: by 10,000 too high, running sums would round away
    the third digit.
    """
    order = docs.lists.argsort(docs.labels, descending=False)
    top = docs.lists.spread(docs.lists.max(docs.scores.detach()))
    lists = docs.lists.packed
    grades, ids = lists.take(docs.labels, order), lists.ids()
    changes = (grades[..., 1:] != grades[..., :-1]) | (ids[..., 1:] != ids[..., :-1])
    places = torch.arange(grades.shape[-1], device=grades.device).expand(grades.shape)
    begins, ends = (torch.ones_like(grades, dtype=torch.bool) for _ in range(2))
    begins[..., 1:] = changes
    ends[..., :-1] = changes
    first = places.masked_fill(~begins, 0).cummax(-1).values
    last = places.masked_fill(~ends, grades.shape[-1]).flip(-1).cummin(-1).values.flip(-1)
    lower = (first - 1).clamp(min=0)
    return ByGrade(
        lists=lists,
        order=order,
        scores=lists.take(docs.scores - top, order),
        first=first,
        last=last,
        lower=lower,
        has_lower=(first > 0) & (lists.take(ids, lower) == ids),
    )
