"""Vectors of documents and queries by a two-tower model, for an index that finds neighbours."""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor

from ltr.data.batcher import BatchSize
from ltr.data.reader import Lists
from ltr.towers import Ranker


def document_vectors(
    ranker: Ranker,
    lists: Lists,
    rows: Tensor,
    *,
    lists_per_batch: int = 1000,
    device: torch.device | None = None,
) -> Iterator[Tensor]:
    """The vectors of some documents of a split, some at a time.

    Args:
        ranker: A plain model; its mode and its device are not changed.
        lists: The split.
        rows: [chosen] int64, ascending: which documents, counted in the order of the files.
        lists_per_batch: Bounds the memory.
        device: Where the ranker's weights are; the CPU by default.

    Yields:
        [some, dim] float32 on the CPU; one after another the vectors of ``rows``.
    """
    ends = lists.lengths.cumsum(0)
    owner = torch.searchsorted(ends, rows, right=True)
    numbers = torch.unique_consecutive(owner)
    for start, end in _cuts(len(numbers), lists_per_batch):
        chosen = numbers[start:end]
        batch = lists.gather(chosen)
        # Where each wanted document lies among those of the lists that were gathered.
        first, last = (
            torch.searchsorted(owner, chosen[0]),
            torch.searchsorted(owner, chosen[-1], right=True),
        )
        here = rows[first:last]
        which = torch.searchsorted(chosen, owner[first:last])
        firsts = batch.lengths.cumsum(0) - batch.lengths
        within = here - (ends - lists.lengths)[chosen[which]]
        with torch.no_grad():
            vectors = ranker.document_vectors(batch.to(device or torch.device("cpu")))
        yield vectors.float().cpu()[firsts[which] + within]


def query_vectors(
    ranker: Ranker,
    lists: Lists,
    *,
    lists_per_batch: int = 1000,
    device: torch.device | None = None,
) -> Iterator[Tensor]:
    """The vectors of the queries of all lists of a split, in the order of the files.

    Args:
        ranker: A plain model with features of the query.
        lists: The split.
        lists_per_batch: Bounds the memory.
        device: Where the ranker's weights are; the CPU by default.

    Yields:
        [lists of a batch, dim] float32 on the CPU.
    """
    numbers = torch.arange(len(lists))
    for start, end in _cuts(len(lists), lists_per_batch):
        batch = lists.gather(numbers[start:end]).to(device or torch.device("cpu"))
        with torch.no_grad():
            vectors = ranker.query_vectors(batch)
        assert vectors is not None
        yield vectors.float().cpu()


def _cuts(total: int, size: int) -> Iterator[tuple[int, int]]:
    return pairwise(BatchSize(lists=size).cut(torch.ones(total, dtype=torch.int64)))
