"""Sums of a cost over all pairs of each list, in bounded memory: value and exact gradient.

A pair is two documents of a list, the *higher* and the *lower* in grade; its cost is a function of
their gap in score. Pairs are compared tile by tile. Only their sum is wanted, so each tile gives
its share of the gradient at once: nothing is kept or computed again for the backward pass, and
memory does not grow with the number of pairs. On an accelerator, and for a compiler, a batch of
padded lists of ordinary length is a single tile; on the CPU a tile is what the cache holds.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor

from ltr.lists import Documents, Rows
from ltr.losses._scratch import Scratch

Cost: TypeAlias = Callable[[Tensor, Scratch], tuple[Tensor, Tensor]]
"""Cost of pairs by their gap s_higher - s_lower, and its derivative; the gap may be overwritten."""

Importance: TypeAlias = Callable[[Tensor], Tensor]
"""Weight of pairs by their difference in grade, 0 where it is not above 0; may overwrite it."""


Columns: TypeAlias = tuple[Tensor, ...]
"""What a factor depends on, by document: each Float ``[documents]``."""

Factor: TypeAlias = Callable[[Columns, Columns, Scratch], Tensor]
"""Factor of pairs by the columns of the higher and of the lower document, which broadcast to
``[rows, higher, lower]``; finite for any two documents, also for those that are no pair. It may
take memory for what it computes from the scratch, which is faster."""


@runtime_checkable
class PairWeight(Protocol):
    """A factor for the pairs of any pairwise loss; it has no gradient."""

    def prepare(self, docs: Documents) -> tuple[Columns, Factor]:
        """Return what the factor depends on in a batch, and the factor."""


class PairSums(NamedTuple):
    """Sums over the pairs of each list, Float64 ``[lists]``."""

    cost: Tensor
    """Sum of weight times cost; differentiable in the scores."""
    weight: Tensor
    """Sum of the pairs' importance, without any other weight."""

    @property
    def counted(self) -> Tensor:
        """Bool ``[lists]``: whether a list has a pair."""
        return self.weight > 0

    def mean(self) -> Tensor:
        """Cost over importance, 0 for a list without a pair."""
        return self.cost / self.weight.where(self.counted, 1.0)


def pairwise(
    docs: Documents, cost: Cost, importance: Importance, pair_weight: PairWeight | None = None
) -> PairSums:
    """Sum a cost over the pairs of each list.

    A pair counts by its importance, times ``pair_weight``, times the weight of its higher document;
    the last two stand in the sum of the cost only.

    Args:
        docs: Documents in any layout.
        cost: Of the gap in score.
        importance: Of the difference in grade.
        pair_weight: Another factor.

    Returns:
        The two sums. The first can be differentiated once.
    """
    room = _room(docs.scores)
    with torch.no_grad():
        columns, factor = ((), None) if pair_weight is None else pair_weight.prepare(docs)
        terms = _Terms(cost, importance, factor)
        sums = _Sums.zeros(docs.scores.new_zeros(docs.scores.numel() + 1))
        groups = docs.lists.groups(room)
        scratch = Scratch(docs.scores, max([0, *(_tile_size(rows, room) for rows in groups)]))
        for rows in groups:
            found = _sums(_block(docs, rows, columns), terms, scratch, room)
            for values, into in zip(found, sums, strict=True):
                rows.put(values, into)
    total, weight, gradient = (x[:-1].view(docs.scores.shape) for x in sums)
    total = total + _attach(docs.scores, gradient)
    return PairSums(docs.lists.sum(total.double()), docs.lists.sum(weight.double()))


def logistic(gap: Tensor, scratch: Scratch) -> tuple[Tensor, Tensor]:
    """log(1 + exp(-gap)), in nats."""
    cost = torch.logaddexp(gap.neg_(), gap.new_zeros(()), out=scratch.empty(gap.shape))
    return cost, gap.sigmoid_().neg_()


def hinge_below(margin: float) -> Cost:
    """(margin - gap)+, with a derivative of 0 at the corner."""

    def hinge(gap: Tensor, scratch: Scratch) -> tuple[Tensor, Tensor]:
        cost = gap.neg_().add_(margin).relu_()
        return cost, torch.sign(cost, out=scratch.empty(cost.shape)).neg_()

    return hinge


def is_pair(difference: Tensor) -> Tensor:
    """1 for every pair."""
    return difference.gt_(0.0)


def _room(scores: Tensor) -> int:
    """Pairs in a tile."""
    if scores.device.type == "cpu" and not torch.compiler.is_compiling():
        # 16 MB a tensor: large enough that threads share an operation, small for any list.
        return 2**22
    return 2**24


def _tile_size(rows: Rows, room: int) -> int:
    """Bound on the pairs in a tile of these rows."""
    return rows.rows * rows.width * min(rows.width, _step(rows.rows, rows.width, room))


def _step(rows: int, width: int, room: int) -> int:
    """Documents of each row in a tile."""
    return max(1, room // (rows * width))


class _Terms(NamedTuple):
    """What is summed."""

    cost: Cost
    importance: Importance
    factor: Factor | None


class _Block(NamedTuple):
    """Columns of documents in rows, each ``[rows, width]``."""

    scores: Tensor
    higher: Tensor
    """Grades as the higher of a pair: -inf in padding, which so is in no pair."""
    lower: Tensor
    """Grades as the lower: inf in padding."""
    weights: Tensor | None
    ids: Tensor | None
    """Number of the list, where a row holds several."""
    columns: Columns

    def map(self, change: Callable[[Tensor], Tensor]) -> "_Block":
        """The same columns, each changed."""
        return _Block(
            change(self.scores),
            change(self.higher),
            change(self.lower),
            None if self.weights is None else change(self.weights),
            None if self.ids is None else change(self.ids),
            tuple(change(x) for x in self.columns),
        )


class _Sums(NamedTuple):
    """Sums over the pairs of each document."""

    cost: Tensor
    """Of weight times cost, over those in which it is the higher."""
    weight: Tensor
    """Of importance, over the same."""
    gradient: Tensor
    """Of the derivative of weight times cost in its score, over all."""

    @staticmethod
    def zeros(like: Tensor) -> "_Sums":
        return _Sums(*(torch.zeros_like(like) for _ in range(3)))


def _block(docs: Documents, rows: Rows, columns: Columns) -> _Block:
    return _Block(
        rows.take(docs.scores),
        rows.take(docs.labels, -torch.inf),
        rows.take(docs.labels, torch.inf),
        None if docs.weights is None else rows.take(docs.weights),
        rows.ids,
        tuple(rows.take(x) for x in columns),
    )


def _sums(block: _Block, terms: _Terms, scratch: Scratch, room: int) -> _Sums:
    """Sums over all pairs of a block, ``[rows, width]``, tile by tile if they are too many."""
    num, width = block.scores.shape
    sums = _Sums.zeros(block.scores)
    if num * width**2 <= room:
        _add_tile(sums, block, block, terms, scratch)
        return sums
    # By grade: then no document is below one behind it, which saves half of the pairs.
    order = block.higher.argsort(dim=-1, descending=True)
    block = block.map(lambda x: x.gather(-1, order))
    step = _step(num, width, room)
    for first in range(0, width, step):
        higher, lower = _cut(block, first, first + step), _cut(block, first, width)
        if _can_have_pairs(higher, lower):
            _add_tile(_Sums(*(x[:, first:] for x in sums)), higher, lower, terms, scratch)
    return _Sums(*(torch.empty_like(x).scatter_(-1, order, x) for x in sums))


def _cut(block: _Block, first: int, last: int) -> _Block:
    return block.map(lambda x: x[:, first:last])


def _can_have_pairs(higher: _Block, lower: _Block) -> bool:
    if higher.scores.device.type != "cpu" or torch.compiler.is_compiling():
        return True
    return bool(higher.higher.max() > lower.lower.min())


def _add_tile(sums: _Sums, higher: _Block, lower: _Block, terms: _Terms, scratch: Scratch) -> None:
    """Add the pairs of ``higher``, which are the first documents of ``lower``, to its sums."""
    scratch.restart()
    gap = scratch.minus(higher.scores[..., None], lower.scores[..., None, :])
    difference = scratch.minus(higher.higher[..., None], lower.lower[..., None, :])
    if higher.ids is not None and lower.ids is not None:
        apart = higher.ids[..., None] != lower.ids[..., None, :]
        gap, difference = gap.masked_fill_(apart, 0.0), difference.masked_fill_(apart, 0.0)
    cost, slope = terms.cost(gap, scratch)
    weight = terms.importance(difference)
    docs = weight.shape[1]
    sums.weight[:, :docs] += weight.sum(-1)
    if terms.factor is not None:
        of_higher = tuple(x[..., None] for x in higher.columns)
        of_lower = tuple(x[..., None, :] for x in lower.columns)
        weight *= terms.factor(of_higher, of_lower, scratch)
    if higher.weights is not None:
        weight *= higher.weights[..., None]
    sums.cost[:, :docs] += cost.mul_(weight).sum(-1)
    slope *= weight
    sums.gradient[:, :docs] += slope.sum(-1)
    sums.gradient.sub_(slope.sum(-2))


@torch.library.custom_op("ltr::attach", mutates_args=())
def _attach(scores: Tensor, gradient: Tensor) -> Tensor:  # noqa: ARG001 - for the backward pass
    """Zeros whose derivative in the scores is known: added to a value, they give it that."""
    return torch.zeros_like(scores)


@_attach.register_fake
def _(scores: Tensor, gradient: Tensor) -> Tensor:  # noqa: ARG001
    return torch.empty_like(scores)


def _save(
    ctx: torch.autograd.function.FunctionCtx,
    inputs: tuple[Tensor, Tensor],
    output: Tensor,  # noqa: ARG001 - an operator's own signature
) -> None:
    ctx.save_for_backward(inputs[1])


def _backward(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> tuple[Tensor, None]:
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        # To return the gradient would say, in silence, that its own derivative is 0.
        msg = "the gradient of a pairwise loss cannot be differentiated again (create_graph)"
        raise RuntimeError(msg)
    (gradient,) = ctx.saved_tensors  # type: ignore[attr-defined]
    return grad * gradient, None


_attach.register_autograd(_backward, setup_context=_save)
