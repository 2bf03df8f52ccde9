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
    """At most 0; 0 in padding."""
    first: Tensor
    """Where the first document of the same grade is now, in the last dimension: Int64."""
    begins: Tensor
    """True for that first document."""
    lower: Tensor
    """Where the last document of a lower grade is, if there is one."""
    has_lower: Tensor
    """1 if the list has a document of a lower grade, else 0: Float."""

    def last(self) -> Tensor:
        """Where the last document of the same grade is."""
        ends = torch.ones_like(self.begins)
        ends[..., :-1] = self.begins[..., 1:]
        behind = self.begins.shape[-1]
        places = _places(self.first).masked_fill(~ends, behind)
        return places.flip(-1).cummin(-1).values.flip(-1)

    def mean(self, x: Tensor, last: Tensor) -> Tensor:
        """Mean of ``x`` over the documents of each one's grade, with :meth:`last`."""
        total = torch.zeros_like(x).scatter_add(-1, self.first, x).gather(-1, self.first)
        return total / (last - self.first + 1)


def by_grade(docs: Documents) -> ByGrade:
    """Sort the documents of each list by grade; equal grades keep their order.

    The scores are those above the list's largest: by 10,000 too high, running sums would round away
    the third digit.
    """
    order = docs.lists.argsort(docs.labels, descending=False)
    top = docs.lists.spread(docs.lists.max(docs.scores.detach()))
    lists = docs.lists.packed
    # Padding is no part of the highest grade.
    grades = lists.keep(lists.take(docs.labels, order), torch.inf)
    place = lists.place()
    begins = place == 0
    begins[..., 1:] |= grades[..., 1:] != grades[..., :-1]
    first = (_places(place) * begins).cummax(-1).values
    return ByGrade(
        lists=lists,
        order=order,
        scores=lists.blank(lists.take(docs.scores - top, order)),
        first=first,
        begins=begins,
        lower=(first - 1).clamp(min=0),
        has_lower=(lists.take(place, first) > 0).to(top.dtype),
    )


def _places(like: Tensor) -> Tensor:
    return torch.arange(like.shape[-1], device=like.device).expand(like.shape)
