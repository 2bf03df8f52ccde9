"""Scores of lists by a model, in the order in which the lists lie on disk."""

import torch
from torch import Tensor, nn

from ltr.data.batcher import sequential_batches
from ltr.data.reader import Lists


def score(
    ranker: nn.Module,
    lists: Lists,
    *,
    lists_per_batch: int = 1000,
    device: torch.device | None = None,
) -> Tensor:
    """Score all documents of a split.

    Args:
        ranker: A `Ranker`, plain or wrapped for training; its mode and its device are not changed.
        lists: The split to score.
        lists_per_batch: Bounds the memory; does not change the scores beyond rounding.
        device: Where the ranker's weights are; the CPU by default.

    Returns:
        [docs] float32 on the CPU, in the order of the files.
    """
    device = device or torch.device("cpu")
    # Not inference_mode: collectives of gloo fail under it.
    with torch.no_grad():
        parts = [
            ranker(batch.to(device)).float().cpu()
            for batch in sequential_batches(lists, lists_per_batch=lists_per_batch)
        ]
    return torch.cat(parts) if parts else torch.empty(0)
