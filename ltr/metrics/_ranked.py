"""The documents of each list, best first, each with the ranks that its tied group occupies.

Tied scores do not say which document comes first. By default a metric is its expectation over
random orders of the ties (McSherry and Najork, ECIR 2008): the only rule under which the order of
rows, which often knows the labels, cannot leak into the number.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from ltr.lists import Documents, Lists, Padded, arrange, check_choice
from ltr.metrics._reduce import check_not_negative
from ltr.metrics._rows import Rows, sort_rows, waits_for_nothing

Ties: TypeAlias = Literal["averaged", "input_order", "document_id", "worst"]
"""Who comes first among tied scores: nobody, the earlier row, the higher id, the lower label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Documents in the order of their scores: ``[ranked]``, as ``lists`` lays them out.

    Where only the first ranks are asked for, there may be only those, with the rest of a tied group
    that begins among them.
    """

    docs: Documents
    """As they were given, in float64."""
    lists: Lists
    order: Tensor
    """Where each ranked document stands: what ``take`` takes."""
    by_position: bool
    """``order`` counts through all documents, not within the layout of ``docs``."""
    rank: Tensor
    """From 1. Within a tied group, a slot that its documents share: Int64, as the next two."""
    first: Tensor
    """First rank of the document's tied group; its own rank under a rule that orders ties."""
    last: Tensor
    start: Tensor
    """Where in ``lists`` the document's list starts."""
    unrankable: Tensor
    """Bool ``[lists]``: a NaN is among the scores."""

    def take(self, x: Tensor) -> Tensor:
        """``x`` of ``docs``, one value per document, in the order of the scores."""
        if not self.by_position:
            return self.docs.lists.take(x, self.order)
        return self.lists.keep(x.flatten()[self.order])

    @property
    def is_untied(self) -> bool:
        """Whether it is known, without a look at values, that every document has its own rank."""
        return self.first is self.last

    @property
    def tied(self) -> Tensor:
        """Documents in each one's tied group, itself included."""
        return self.last - self.first + 1

    def share_within(self, k: int | None) -> Tensor:
        """Probability that a document is among the first ``k``."""
        if k is None:
            return torch.ones_like(self.rank, dtype=torch.float64)
        return ((k - self.first + 1).clamp(min=0).double() / self.tied).clamp(max=1)

    def mean_over_ranks(self, upto: Tensor) -> Tensor:
        """Mean over a document's ranks of what has the sums ``upto`` the first 0, 1, … ranks."""
        if self.is_untied:
            return upto.diff(prepend=upto[:1])[self.rank]
        if self.first is self.rank:
            return (upto[1:] - upto[:-1])[self.rank - 1]
        return (upto[self.last] - upto[self.first - 1]) / self.tied

    def before_and_in_group(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Sums of ``x`` over the better groups of the list, and over the document's own."""
        through = self.lists.cumsum(x)
        begin, end = self.start + self.first - 1, self.start + self.last - 1
        before = self.lists.take(through, begin) - self.lists.take(x, begin)
        return before, self.lists.take(through, end) - before


def rank_documents(
    scores: Tensor,
    labels: Tensor,
    *,
    deepest: int | None,
    lengths: Tensor | None,
    mask: Tensor | None,
    weights: Tensor | None,
    ties: Ties,
    ids: Tensor | None,
) -> Ranked:
    """Check the arguments of a metric and rank the documents; ``deepest`` None: all of them."""
    check_choice("ties", ties, Ties)
    scores = scores.detach()
    # In float64 labels and weights of every type are what they were.
    docs = arrange(scores.double(), labels.detach(), weights, lengths=lengths, mask=mask)
    check_labels(labels)
    check_not_negative("weights", docs.weights)
    second = _second_key(docs, scores, ties, ids)
    averaged = ties == "averaged"
    if waits_for_nothing(scores):
        # In float32 a sort is faster than in float64.
        key = scores if scores.dtype == torch.float64 else scores.float()
        rows = sort_rows(docs, key, second, averaged=averaged, deepest=deepest)
        if rows is not None:
            return _of_rows(docs, rows, averaged=averaged)
    return _of_lists(docs, second, averaged=averaged)


def has_nan(docs: Documents) -> Tensor:
    """Whether a NaN is among the scores: Bool ``[lists]``."""
    return docs.lists.sum(docs.scores.isnan().double()) > 0


def check_labels(labels: Tensor) -> None:
    """Refuse, on CPU, labels that are NaN."""
    if labels.is_floating_point() and waits_for_nothing(labels) and bool(labels.isnan().any()):
        msg = f"labels must be numbers; got {int(labels.isnan().sum())} that are NaN"
        raise ValueError(msg)


class _SecondKey(NamedTuple):
    key: Tensor
    descending: bool


def _second_key(
    docs: Documents, scores: Tensor, ties: Ties, ids: Tensor | None
) -> _SecondKey | None:
    if (ids is not None) != (ties == "document_id"):
        given = "none" if ids is None else "ids"
        msg = f"ids are what ties='document_id' orders by; got {given} with ties={ties!r}"
        raise ValueError(msg)
    if ties == "worst":
        return _SecondKey(docs.labels, descending=False)
    if ids is None:
        return None
    if ids.shape != scores.shape or ids.is_floating_point():
        want, got = list(scores.shape), f"{ids.dtype} {list(ids.shape)}"
        msg = f"ids must be integers of the shape of scores, {want}; got {got}"
        raise ValueError(msg)
    return _SecondKey(ids.view(docs.scores.shape), descending=True)


def _of_rows(docs: Documents, rows: Rows, *, averaged: bool) -> Ranked:
    real = rows.lists.mask
    rank = torch.arange(1, rows.order.shape[-1] + 1).expand(rows.order.shape)
    first = last = rank
    if averaged and rank.shape[-1] > 1:
        starts = _changes(rows.scores)
        starts = starts if real is None else starts | ~real
        if not bool(starts.all()):
            first, last = (end + 1 for end in _run_ends(starts))
    return Ranked(
        docs=docs,
        lists=rows.lists,
        order=rows.order,
        by_position=True,
        rank=rank,
        first=first,
        last=last,
        start=torch.zeros_like(rank),
        unrankable=rows.scores[..., :1].isnan().any(-1),
    )


def _of_lists(docs: Documents, second: _SecondKey | None, *, averaged: bool) -> Ranked:
    lists, packed = docs.lists, docs.lists.packed
    if second is None:
        order = lists.argsort(docs.scores)
    else:
        before = lists.argsort(second.key, descending=second.descending)
        order = packed.take(before, packed.argsort(lists.take(docs.scores, before)))
    of_list = _changes(packed.ids())
    rank = ranks_of(packed, order)
    start = torch.arange(1, order.shape[-1] + 1, device=order.device) - rank
    first = last = rank
    if averaged:
        starts = of_list | _changes(lists.take(docs.scores, order))
        first, last = (end - start + 1 for end in _run_ends(starts))
    return Ranked(
        docs=docs,
        lists=packed,
        order=order,
        by_position=False,
        rank=rank,
        first=first,
        last=last,
        start=start,
        unrankable=has_nan(docs),
    )


def ranks_of(lists: Lists, like: Tensor) -> Tensor:
    """Rank of each document, from 1, where they lie in order: Int64, shape of ``like``."""
    place = torch.arange(1, like.shape[-1] + 1, device=like.device)
    if isinstance(lists, Padded):
        return place.expand(like.shape)
    counts = lists.counts()
    return place - lists.spread(counts.cumsum(0) - counts)


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
