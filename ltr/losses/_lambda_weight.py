"""What a swap of two documents does to NDCG, as a weight of pairs.

Burges, "From RankNet to LambdaRank to LambdaMART", MSR-TR-2010-82, section 4 (lambdarank); Wang et
al., "The LambdaLoss framework for ranking metric optimization", CIKM 2018, eq. 13 (ndcg1), 15
(ndcg2) and section 4.5 (ndcg2++); Jagerman et al., "On optimizing top-k metrics for neural ranking
models", SIGIR 2022, for the cut at k.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from ltr.lists import Documents, check_choice, tied_ranks
from ltr.losses._pairs import Columns, Factor
from ltr.losses._scratch import Scratch

Scheme: TypeAlias = Literal["lambdarank", "ndcg1", "ndcg2", "ndcg2++"]

_MU = 10.0
"""Share of ndcg2 in ndcg2++, the paper's."""


@dataclass(frozen=True, slots=True)
class LambdaWeight:
    """Weight of a pair by its part in NDCG, for the ``pair_weight`` of a pairwise loss.

    With the gain G = (2^y - 1) / max DCG@k, the discount D(r) = log2(1 + r) of rank r by score, and
    d = |r_i - r_j|, a pair of a higher document i and a lower j weighs

    * "lambdarank": |1/D(r_i) - 1/D(r_j)| (G_i - G_j), what a swap of the two does to NDCG;
    * "ndcg1": G_i / D(r_i);
    * "ndcg2": (1/D(d) - 1/D(d + 1)) (G_i - G_j), which keeps its size down the list;
    * "ndcg2++": lambdarank + 10 ndcg2.

    With ``k`` a pair weighs 0 unless either document is in the first k: so one below k is pulled up
    too. A grade below 0 gains as 0. The weights are constants to the gradient.

    Tied scores leave the order open, so a pair takes the mean over the orders that ties allow: of
    1/D(r_i), of |1/D(r_i) - 1/D(r_j)|, of the distance d; in the first k is what one of them puts
    there. The order in which documents come is then irrelevant, and a model whose scores are still
    all equal learns: two tied documents are apart by a mean of some ranks, not by 0.

    >>> import torch
    >>> from ltr.losses import graded_hinge
    >>> scores, labels = torch.tensor([0.5, 1.5, 0.0]), torch.tensor([1, 0, 0])
    >>> graded_hinge(scores, labels, pair_weight=LambdaWeight("lambdarank", k=1))
    tensor(0.3691)
    """

    scheme: Scheme = "lambdarank"
    k: int | None = None
    """Ranks that count, from 1; None: all."""

    def __post_init__(self) -> None:
        check_choice("scheme", self.scheme, Scheme)
        if self.k is not None and self.k < 1:
            msg = f"k must be a rank from 1, or None for all; got {self.k}"
            raise ValueError(msg)

    def prepare(self, docs: Documents) -> tuple[Columns, Factor]:
        """Return what the weight depends on in a batch, and the weight."""
        best, worst = tied_ranks(docs.lists, docs.scores)
        longest = docs.lists.longest()
        discount, discount_apart = _discounts(best, worst, longest)
        columns = _Columns(
            gain=normalised_gains(docs, self.k),
            best=best,
            rank=3 * (best + worst),
            apart=2 * (worst - best + 2),
            discount=discount,
            discount_apart=discount_apart,
            in_top=torch.ones_like(best) if self.k is None else best <= self.k,
        )
        by_distance = _by_distance(longest, docs.scores)

        def factor(higher: Columns, lower: Columns, scratch: Scratch) -> Tensor:
            i, j = _Columns(*higher), _Columns(*lower)
            weight = self._weight(i, j, by_distance, scratch)
            if self.k is None:
                return weight
            return weight * torch.maximum(i.in_top, j.in_top)

        return tuple(x.to(docs.scores.dtype) for x in columns), factor

    def _weight(
        self, i: "_Columns", j: "_Columns", by_distance: Tensor, scratch: Scratch
    ) -> Tensor:
        if self.scheme == "ndcg1":
            return i.gain * i.discount
        tied = scratch.minus(i.best, j.best).eq_(0.0)
        if self.scheme == "lambdarank":
            weight = _of_swap(i, j, tied, scratch)
        else:
            weight = _of_distance(i, j, tied, by_distance, scratch)
        if self.scheme == "ndcg2++":
            weight.mul_(_MU).add_(_of_swap(i, j, tied, scratch))
        return weight.mul_(scratch.minus(i.gain, j.gain))


class _Columns(NamedTuple):
    """What the weight depends on, by document; of a tie the mean over its orders.

    Distances in rank are in sixths, so that they are whole: a mean rank has halves, the mean
    distance of two documents of a tie of m, (m + 1) / 3, has thirds.
    """

    gain: Tensor
    best: Tensor
    """Best rank of its tie: names the tie within its list."""
    rank: Tensor
    apart: Tensor
    """Distance in rank of two documents of its tie."""
    discount: Tensor
    """1/D."""
    discount_apart: Tensor
    """Difference in 1/D of two documents of its tie."""
    in_top: Tensor


def normalised_gains(docs: Documents, k: int | None) -> Tensor:
    """(2^y - 1) / max DCG@k, Float64 ``[documents]``; 0 in a list without a relevant document."""
    lists, grades = docs.lists, docs.labels.double().clamp(min=0.0)
    # Both of the fraction times 2^-largest: 2^y of a large grade would overflow.
    largest = lists.spread(lists.max(grades))
    gains = torch.exp2(grades - largest) - torch.exp2(-largest)
    rank = lists.rank(grades)
    discounts = 1 / torch.log2(1.0 + rank.double())
    if k is not None:
        discounts = discounts.masked_fill(rank > k, 0.0)
    ideal = lists.sum(gains * discounts)
    return gains / lists.spread(ideal.where(ideal > 0, 1.0))


def _discounts(best: Tensor, worst: Tensor, longest: int) -> tuple[Tensor, Tensor]:
    """Mean of 1/D over a tie's ranks, and the mean difference over two of them: Float64."""
    ranks = torch.arange(longest + 1, dtype=torch.float64, device=best.device)
    inverse = (1 / torch.log2(1 + ranks)).masked_fill(ranks == 0, 0.0)
    upto, moment = inverse.cumsum(0), (inverse * ranks).cumsum(0)
    num = (worst - best + 1).double()
    total, first = upto[worst] - upto[best - 1], moment[worst] - moment[best - 1]
    # Of a tie of m, the r-th is the larger 1/D m - r times and the smaller r - 1 times.
    difference = total * (num - 1 + 2 * best) - 2 * first
    return total / num, 2 * difference / (num * (num - 1)).clamp(min=1)


def _by_distance(longest: int, like: Tensor) -> Tensor:
    """1/D(d) - 1/D(d + 1) for the distance d in sixths of a rank, up to that of a list's ends."""
    distance = torch.arange(6 * longest + 1, dtype=torch.float64, device=like.device) / 6
    # Below 1 for a document and itself, or documents of two lists: no pair, but finite.
    distance = distance.clamp(min=1)
    return (1 / torch.log2(1 + distance) - 1 / torch.log2(2 + distance)).to(like.dtype)


def _of_swap(i: _Columns, j: _Columns, tied: Tensor, scratch: Scratch) -> Tensor:
    """|1/D(r_i) - 1/D(r_j)|."""
    # The means differ by 0 within a tie.
    return scratch.minus(i.discount, j.discount).abs_().addcmul_(tied, i.discount_apart)


def _of_distance(
    i: _Columns, j: _Columns, tied: Tensor, by_distance: Tensor, scratch: Scratch
) -> Tensor:
    """1/D(d) - 1/D(d + 1) with d = |r_i - r_j|."""
    distance = scratch.minus(i.rank, j.rank).abs_().addcmul_(tied, i.apart)
    whole = torch.int64 if distance.dtype == torch.float64 else torch.int32
    place = scratch.empty(distance.shape).view(whole).copy_(distance).flatten()
    found = torch.index_select(by_distance, 0, place, out=scratch.empty(place.shape))
    return found.view(distance.shape)
