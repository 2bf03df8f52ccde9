"""Which lists a model is given together."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from ltr.data.batcher import BatchSize
from pipelines.scoring._lists import Lot, Places

MOST_DOCUMENTS = 4_096
"""More of them would only leave the processor's cache."""
FEWEST_DOCUMENTS = 256
"""Fewer of them would wait for the calls, not for the work."""
MOST_NUMBERS = 2**19
"""That a layer gives for a batch. The memory of more goes back to the system after each batch, and
comes again page by page: measured, a third of the time."""


def documents_per_batch(model: nn.Module) -> int:
    """How many documents to give a model at a time, by its widest layer.

    Example:
        >>> documents_per_batch(nn.Linear(3, 8)), documents_per_batch(nn.Linear(3, 256))
        (4096, 2048)
    """
    widest = max(
        (one.out_features for one in model.modules() if isinstance(one, nn.Linear)), default=1
    )
    return max(FEWEST_DOCUMENTS, min(MOST_DOCUMENTS, MOST_NUMBERS // widest))


def cut(lengths: Places, documents: int, *, pads: bool) -> Iterator[Lot]:
    """Yield which lists each batch has.

    Args:
        lengths: [lists], documents per list.
        documents: Of a batch; a longer list is one by itself.
        pads: Whether the model lays lists side by side, padded to the longest. Then lists of about
            the same length meet, and the padding counts as documents.

    Example:
        >>> lengths = np.array([1, 9, 2, 2])
        >>> list(cut(lengths, 4, pads=False))
        [slice(0, 1, None), slice(1, 2, None), slice(2, 4, None)]
        >>> [batch.tolist() for batch in cut(lengths, 4, pads=True)]
        [[1], [2, 3], [0]]
    """
    if not pads:
        cuts = BatchSize(documents=documents).cut(torch.from_numpy(lengths))
        for start, end in pairwise(cuts):
            yield slice(start, end)
        return
    order = np.argsort(lengths, kind="stable")
    end = len(order)
    while end:
        start = max(0, end - max(1, documents // max(1, int(lengths[order[end - 1]]))))
        yield order[start:end]
        end = start
