"""How many pairs of a list the scores put in the order of the labels, in O(n log² n).

Which pairs have y_i > y_j is decided bit by bit on the rank of the label: in the highest bit where
the two ranks differ, i has 1 and j has 0. So at each bit the documents that agree above it are a
node, and within a node sorted by score each document with the bit counts those without it that are
below: a difference of running sums. No pair is ever built.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ltr.lists import Documents
from ltr.metrics._rows import waits_for_nothing


class OrderedPairs(NamedTuple):
    """Weights of pairs with unequal labels, ``[lists]``; a pair weighs the product of its two."""

    right: Tensor
    """Those in the order of the labels; a pair of tied scores counts half."""
    all: Tensor


def ordered_pairs(docs: Documents, labels: Tensor) -> OrderedPairs:
    """Weigh the pairs of each list whose ``labels``, shape of the scores, differ."""
    counts = docs.lists.counts().flatten()
    ids, scores = docs.lists.ids().flatten(), docs.scores.flatten()
    rank, bits = _ranks(labels.flatten())
    weights = _weights(docs).flatten()
    order = scores.argsort()
    ids, scores, rank, weights = (x[order] for x in (ids, scores, rank, weights))
    weights = torch.where(ids < len(counts), weights, 0.0)
    right, every = torch.zeros_like(scores), torch.zeros_like(scores)
    for bit in range(bits):
        # A list's number, then what its label's rank has above the bit.
        node = (ids << (bits - bit - 1)) + (rank >> (bit + 1))
        at = node.argsort(stable=True)
        has = ((rank[at] >> bit) & 1).bool()
        below, unequal = _lower(node[at], scores[at], torch.where(has, 0.0, weights[at]))
        weight = torch.where(has, weights[at], 0.0)
        right.index_add_(0, at, weight * below)
        every.index_add_(0, at, weight * unequal)
    shape = docs.lists.shape
    return OrderedPairs(*(_per_list(x, ids, len(counts)).view(shape) for x in (right, every)))


def _weights(docs: Documents) -> Tensor:
    """Of each document, the largest of its list 1: all lists share one running sum."""
    if docs.weights is None:
        return torch.ones_like(docs.scores)
    largest = docs.lists.spread(docs.lists.max(docs.weights))
    return docs.weights / torch.where(largest > 0, largest, 1.0)


def _per_list(x: Tensor, ids: Tensor, lists: int) -> Tensor:
    return x.new_zeros(lists + 1).index_add_(0, ids, x)[:lists]


def _ranks(labels: Tensor) -> tuple[Tensor, int]:
    """Rank of each label among all, from 0, and how many bits it takes."""
    ordered, order = labels.sort()
    steps = torch.zeros_like(order)
    steps[1:] = (ordered[1:] != ordered[:-1]).long()
    steps = steps.cumsum(0)
    most = labels.numel() - 1
    if waits_for_nothing(labels) and labels.numel():
        most = int(steps[-1])
    return torch.empty_like(order).scatter_(0, order, steps), max(most, 0).bit_length()


def _lower(node: Tensor, scores: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Weight of the lower scores in each document's node plus half of the tied; of the node's all.

    Args:
        node: Of each document, ascending.
        scores: Ascending within a node.
        weights: What is counted.
    """
    total = torch.cat([weights.new_zeros(1), weights.cumsum(0)])
    in_node = _starts(node)
    start, end = _spans(in_node)
    first, last = _spans(in_node | _starts(scores))
    lower = (total[first] + total[last]) / 2 - total[start]
    return lower, total[end] - total[start]


def _starts(x: Tensor) -> Tensor:
    changed = torch.ones_like(x, dtype=torch.bool)
    changed[1:] = x[1:] != x[:-1]
    return changed


def _spans(starts: Tensor) -> tuple[Tensor, Tensor]:
    """Index of the first element of each one's run, and the index after its last."""
    run = starts.cumsum(0) - 1
    sizes = torch.zeros_like(run).index_add_(0, run, torch.ones_like(run))
    ends = sizes.cumsum(0)
    return (ends - sizes)[run], ends[run]
