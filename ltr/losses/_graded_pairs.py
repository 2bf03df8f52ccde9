"""The graded hinge over all pairs of each list in O(n log n): value, weight and exact gradient.

In the sum of the hinge a pair weighs w_i (y_i - y_j)+; call it *active* if s_j + margin > s_i. With
g_k the gradient of the sum at document k, and because every active pair is linear in its scores,

    sum over active pairs w_i (y_i - y_j) (s_j - s_i + margin)  =  sum_k g_k s_k + margin * W,

W the weight of the active pairs. So only g is needed: for a document, how many documents are active
against it, and the sum of their grades.

Which pairs are active follows from the order of the scores alone: with the documents of a list
sorted, document j is active against the lower-scored end of the list, up to its *reach*. Which
pairs have y_i > y_j is decided bit by bit on the rank of the grade: in the highest bit where the
two ranks differ, i has 1 and j has 0. At each bit the documents that agree above it form a node;
the nodes of the next bit are a stable partition of these (a wavelet tree), so they stay sorted by
score, and a boundary in a node is carried to its halves by counting the zeros before it. A pair
costs nothing; a document costs a pass per bit: log2(n) for n distinct grades. For a few whole
grades, a pass per step from one to the next costs less still: nothing moves.
"""

from typing import NamedTuple

import torch
from torch import Tensor

_SMALL_RANGE = 256
"""Whole grades within this range are their own ranks; others are ranked by a sort."""

_FEW_STEPS = 8
"""Up to so many steps between whole grades, a pass per step costs less than one per bit."""


@torch.library.custom_op("ltr::graded_pairs", mutates_args=())
def graded_pairs(
    scores: Tensor,
    labels: Tensor,
    weights: Tensor | None,
    ids: Tensor,
    num_lists: int,
    margin: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Sum the hinge over all pairs of each list.

    One operator, so that a compiler keeps it whole; differentiable in ``scores`` only.

    Args:
        scores: Float32 or float64 ``[docs]``.
        labels: Float ``[docs]``, grades.
        weights: Float ``[docs]``, or None for 1.
        ids: Int64 ``[docs]``, number of each document's list; ``num_lists`` where in none.
        num_lists: Number of lists.
        margin: Of any sign.

    Returns:
        Sum of the weighted hinge over the pairs ``[lists]``, sum of (y_i - y_j)+ without
        ``weights`` ``[lists]``, both float64, and the gradient of the first ``[docs]``.
    """
    return pair_sums(scores, labels, weights, ids, num_lists, margin)


@graded_pairs.register_fake
def _(
    scores: Tensor,
    labels: Tensor,  # noqa: ARG001 - an operator's own signature
    weights: Tensor | None,  # noqa: ARG001
    ids: Tensor,  # noqa: ARG001
    num_lists: int,
    margin: float,  # noqa: ARG001
) -> tuple[Tensor, Tensor, Tensor]:
    per_list = scores.new_empty(num_lists, dtype=torch.float64)
    return per_list, torch.empty_like(per_list), torch.empty_like(scores)


def _save(
    ctx: torch.autograd.function.FunctionCtx,
    inputs: tuple[Tensor, Tensor, Tensor | None, Tensor, int, float],
    output: tuple[Tensor, Tensor, Tensor],
) -> None:
    ctx.save_for_backward(inputs[3], output[2])


def _backward(
    ctx: torch.autograd.function.FunctionCtx, grad: Tensor, *_: Tensor
) -> tuple[Tensor | None, ...]:
    ids, gradient = ctx.saved_tensors  # type: ignore[attr-defined]
    spread = torch.cat([grad, grad.new_zeros(1)]).to(gradient.dtype).index_select(0, ids)
    return spread * gradient, None, None, None, None, None


graded_pairs.register_autograd(_backward, setup_context=_save)


def pair_sums(
    scores: Tensor,
    labels: Tensor,
    weights: Tensor | None,
    ids: Tensor,
    num_lists: int,
    margin: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """What :func:`graded_pairs` returns, by operations whose shapes follow from the inputs'."""
    rank, top, whole = _ranks(labels)
    place, counts, edges = _sort(scores, ids, num_lists, margin)
    grade = labels.index_select(0, place).double()
    docs = _Docs(
        gradient=torch.zeros_like(grade),
        active=torch.zeros_like(grade),
        pairs=torch.zeros_like(grade),
        place=place,
        start=edges[0],
        end=edges[1],
        reach=edges[2],
        first=edges[3],
        rank=rank.index_select(0, place),
        grade=grade,
        weight=None if weights is None else weights.index_select(0, place).double(),
    )
    if whole and top <= _FEW_STEPS:
        for step in range(top):
            _add_step(docs, step)
    else:
        for level in reversed(range(top.bit_length())):
            docs = _add_level(docs, level)
    found = torch.empty_like(scores)
    found.index_copy_(0, docs.place, docs.gradient.to(scores.dtype))
    hinge = docs.gradient * scores.index_select(0, docs.place) + docs.active * margin
    return _per_list(hinge, counts)[:num_lists], _per_list(docs.pairs, counts)[:num_lists], found


class _Docs(NamedTuple):
    """The documents of all lists, ``[docs]``, in nodes and sorted by score within a node.

    Single tensors, because to reorder them one by one is several times faster than as rows.
    """

    gradient: Tensor
    active: Tensor
    """Weight of the active pairs in which the document is the lower."""
    pairs: Tensor
    """Difference in grade over all pairs in which it is the higher."""
    place: Tensor
    """Where it stands in the inputs."""
    start: Tensor
    """Position where its node starts, Int32 as all positions."""
    end: Tensor
    """Position after the last of its node."""
    reach: Tensor
    """It is active against the positions of its node before this one."""
    first: Tensor
    """The first position of its node that reaches it."""
    rank: Tensor
    grade: Tensor
    weight: Tensor | None


def _sort(
    scores: Tensor, ids: Tensor, num_lists: int, margin: float
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Sort by list and score: order, documents per list, and start, end, reach and first."""
    key, bound = _keys(scores, margin)
    base = ids << _KEY_BITS
    keys, order = (base + key).sort()
    reach = torch.searchsorted(keys, (base + bound).index_select(0, order), out_int32=True)
    docs = len(order)
    # Position k is reached by position j if reach[j] > k, and reach grows with j.
    first = _histogram(reach.long(), docs + 1).cumsum_(0)[:docs].int()
    counts = _histogram(ids, num_lists + 1)
    ends, own = counts.cumsum(0), keys >> _KEY_BITS
    start, end = (x.int().index_select(0, own) for x in (ends - counts, ends))
    return order, counts, [start, end, reach, first]


_KEY_BITS = 33


def _keys(scores: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Integers below 2**33: ``s_i < s_j + margin`` just if ``key_i < bound_j``."""
    if scores.dtype == torch.float64:
        ordered = scores.sort().values
        return torch.searchsorted(ordered, scores), torch.searchsorted(ordered, scores + margin)
    # The margin as the scores' type holds it, the sum exact, then the least float32 not below it.
    exact = scores.double() + float(torch.tensor(margin, dtype=scores.dtype))
    bound = exact.to(scores.dtype)
    above = torch.nextafter(bound, bound.new_full((), torch.inf))
    return _float_order(scores), _float_order(torch.where(bound.double() < exact, above, bound))


def _float_order(x: Tensor) -> Tensor:
    """Integers from 0 in the order of float32 values; 0.0 and -0.0 are one."""
    bits = (x + 0.0).view(torch.int32)
    return (bits ^ ((bits >> 31) & 0x7FFFFFFF)).long() + 2**31


def _ranks(labels: Tensor) -> tuple[Tensor, int, bool]:
    """Rank each grade from 0; also a bound on the ranks, and whether they differ as grades do."""
    if labels.device.type == "cpu" and labels.numel():
        low, high = (float(x) for x in labels.aminmax())
        if high - low < _SMALL_RANGE and low.is_integer():
            rank = (labels - low).int()
            if bool((rank == labels - low).all()):
                return rank, int(high - low), True
    ordered, order = labels.sort()
    rank = torch.zeros_like(order)
    rank[1:] = (ordered[1:] != ordered[:-1]).long().cumsum(0)
    # How many grades differ is not read from a device: that would wait for it.
    top = int(rank[-1]) if labels.device.type == "cpu" and labels.numel() else labels.numel()
    return torch.empty_like(rank).scatter_(0, order, rank).int(), top, False


def _add_step(docs: _Docs, step: int) -> None:
    """Add the pairs with one document on each side of the step between two whole grades.

    y_i - y_j is the number of steps between them, so at a step every pair counts once.
    """
    has = docs.rank > step
    upper = has.double() if docs.weight is None else docs.weight * has
    above, below = _running(upper), _running(~has)
    start = above.index_select(0, docs.start)
    reached = above.index_select(0, docs.reach).sub_(start)
    reaching = below.index_select(0, docs.first).sub_(below.index_select(0, docs.end))
    docs.gradient.add_(reached.masked_fill_(has, 0.0)).addcmul_(reaching, upper)
    docs.active.add_(reached)
    lower = below.index_select(0, docs.end).sub_(below.index_select(0, docs.start))
    docs.pairs.add_(lower.mul_(has))


def _add_level(docs: _Docs, level: int) -> _Docs:
    """Add the pairs that a bit of the rank decides; return the nodes of the next bit."""
    bit = (docs.rank >> level) & 1
    tables, zeros = _tables(docs, bit)
    _add_pairs(docs, bit, tables)
    return _descend(docs, bit, zeros) if level else docs


def _tables(docs: _Docs, bit: Tensor) -> tuple[list[Tensor], Tensor]:
    """Running counts and grade sums by position: of documents with the bit, then of those without.

    Those with the bit count by their weight, because it is they who weigh a pair. Also the zero
    bits before each position.
    """
    lower = 1 - bit
    zeros = bit.new_zeros(len(bit) + 1)
    torch.cumsum(lower, 0, out=zeros[1:])
    weight = bit.double() if docs.weight is None else docs.weight * bit
    count = torch.cat([_running(weight), zeros.double()])
    total = torch.cat([_running(weight.mul_(docs.grade)), _running(docs.grade * lower)])
    return [count, total], zeros


def _add_pairs(docs: _Docs, bit: Tensor, tables: list[Tensor]) -> None:
    """Add the pairs that this bit decides to the documents' sums."""
    has = bit > 0
    # A document with the bit looks up those without it, in the second half of the tables.
    half = bit * (len(bit) + 1)
    low = torch.where(has, docs.first, docs.start).add_(half)
    high = torch.where(has, docs.end, docs.reach).add_(half)

    def pairs(low: Tensor, high: Tensor) -> Tensor:
        count, total = (x.index_select(0, high).sub_(x.index_select(0, low)) for x in tables)
        return total.addcmul_(docs.grade, count, value=-1)

    own = pairs(low, high)
    docs.gradient.add_(own if docs.weight is None else torch.where(has, own * docs.weight, own))
    docs.active.add_(own.masked_fill_(has, 0.0))
    all_of_node = pairs(docs.start + half, docs.end + half)
    docs.pairs.sub_(all_of_node.masked_fill_(~has, 0.0))


def _descend(docs: _Docs, bit: Tensor, zeros: Tensor) -> _Docs:
    """Split every node: its documents without the bit, then those with it, each in their order."""
    has = bit > 0
    to_zero = docs.start - zeros.index_select(0, docs.start)
    middle = zeros.index_select(0, docs.end) + to_zero
    to_one = middle - to_zero

    def split(x: Tensor, before: Tensor) -> Tensor:
        return torch.where(has, x - before + to_one, before + to_zero)

    now = torch.arange(len(bit), device=bit.device)
    order = torch.empty_like(now).scatter_(0, split(now, zeros[:-1]), now)
    moved = docs._replace(
        start=torch.where(has, middle, docs.start),
        end=torch.where(has, docs.end, middle),
        reach=split(docs.reach, zeros.index_select(0, docs.reach)),
        first=split(docs.first, zeros.index_select(0, docs.first)),
    )
    return _Docs(*(x if x is None else x.index_select(0, order) for x in moved))  # type: ignore[arg-type]


def _running(x: Tensor) -> Tensor:
    """Sum before each position, and of all: ``[docs]`` -> Float64 ``[docs + 1]``."""
    sums = x.new_zeros(len(x) + 1, dtype=torch.float64)
    torch.cumsum(x, 0, dtype=torch.float64, out=sums[1:])
    return sums


def _histogram(x: Tensor, size: int) -> Tensor:
    return x.new_zeros(size).scatter_add_(0, x, torch.ones_like(x))


def _per_list(x: Tensor, counts: Tensor) -> Tensor:
    return torch.segment_reduce(x, "sum", lengths=counts, unsafe=True)
