"""Scores of lists by a model, in the order in which the lists lie on disk."""

from itertools import pairwise

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ltr.data.batcher import BatchSize
from ltr.data.reader import Lists


def score(
    ranker: nn.Module,
    lists: Lists,
    *,
    lists_per_batch: int = 1000,
    device: torch.device | None = None,
) -> Tensor:
    """Score all documents of a split; where there are several ranks they share the work.

    Args:
        ranker: A `Ranker`, plain or wrapped for training; its mode and its device are not changed.
        lists: The split to score.
        lists_per_batch: Bounds the memory; does not change the scores beyond rounding.
        device: Where the ranker's weights are; the CPU by default.

    Returns:
        [docs] float32 on the CPU, in the order of the files; on every rank the same.
    """
    device = device or torch.device("cpu")
    rank, num_ranks = (dist.get_rank(), dist.get_world_size()) if _is_shared() else (0, 1)
    scores = torch.zeros(int(lists.lengths.sum()))
    ends = torch.cat([torch.zeros(1, dtype=torch.int64), lists.lengths.cumsum(0)])
    numbers = torch.arange(len(lists))
    # Not inference_mode: collectives of gloo fail under it.
    with torch.no_grad():
        for start, end in pairwise(BatchSize(lists=lists_per_batch).cut(lists.lengths)):
            share = numbers[start:end].tensor_split(num_ranks)[rank]
            # A rank without a share still has to take part in looking up the others' rows.
            batch = lists.gather(share if len(share) else numbers[start : start + 1])
            found = ranker(batch.to(device)).float().cpu()
            if len(share):
                scores[ends[share[0]] : ends[share[-1] + 1]] = found
    if num_ranks > 1:
        # Each score is one rank's own beside zeros of all others: the sum is exact.
        whole = scores.to(device)
        dist.all_reduce(whole)
        scores = whole.cpu()
    return scores


def _is_shared() -> bool:
    return dist.is_initialized() and dist.get_world_size() > 1
