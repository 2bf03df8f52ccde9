"""Bring the documents of each query together, whichever worker has them."""

from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor


class Regrouped(NamedTuple):
    """Whole lists: ragged, in ascending order of query."""

    queries: Tensor
    """Int64 ``[lists]``."""
    lengths: Tensor
    """Int64 ``[lists]``: documents of each."""
    columns: tuple[Tensor, ...]
    """What was given for each document, ``[docs]``."""


def regroup(queries: Tensor, *columns: Tensor, group: dist.ProcessGroup | None = None) -> Regrouped:
    """Sort documents into lists by query, between all workers if there are several.

    Every worker calls it, and gets the lists whose hashed query is its own: each query is on one of
    them. Documents of a list stand in the order of the workers, then in the given one.

    Args:
        queries: Int64 ``[docs]``, query of each document.
        columns: ``[docs]`` each: scores, labels, weights …; the same types on every worker.
        group: Of workers; None: all, or this process alone if there are no others.

    Returns:
        The queries, their lengths and the columns.

    Raises:
        ValueError: If types or shapes do not fit.

    Example:
        >>> scores = torch.tensor([0.1, 0.2, 0.3])
        >>> regroup(torch.tensor([7, 5, 7]), scores).lengths
        tensor([1, 2])
    """
    if queries.dtype != torch.int64 or queries.dim() != 1:
        msg = f"queries must be int64 [docs]; got {queries.dtype} {list(queries.shape)}"
        raise ValueError(msg)
    for column in columns:
        if column.shape != queries.shape:
            want, got = list(queries.shape), list(column.shape)
            msg = f"columns must have the shape of queries, {want}; got {got}"
            raise ValueError(msg)
    if dist.is_initialized():
        queries, *columns_here = _exchange(queries, columns, group)
    else:
        columns_here = list(columns)
    queries, order = queries.sort(stable=True)
    queries, lengths = torch.unique_consecutive(queries, return_counts=True)
    return Regrouped(queries, lengths, tuple(column[order] for column in columns_here))


def _exchange(
    queries: Tensor, columns: tuple[Tensor, ...], group: dist.ProcessGroup | None
) -> list[Tensor]:
    """The queries and columns that are this worker's."""
    workers = dist.get_world_size(group)
    owner = _mix(queries) % workers
    order = owner.argsort(stable=True)
    sent = torch.bincount(owner, minlength=workers)
    received = torch.empty_like(sent)
    dist.all_to_all_single(received, sent, group=group)
    sizes, sent_sizes = received.tolist(), sent.tolist()
    found = []
    for column in (queries, *columns):
        into = column.new_empty(sum(sizes))
        dist.all_to_all_single(into, column[order], sizes, sent_sizes, group=group)
        found.append(into)
    return found


def _mix(x: Tensor) -> Tensor:
    """Hash int64 to int64 from 0: the finaliser of splitmix64 (Steele et al., OOPSLA 2014).

    Plain numbers modulo the workers would give all even queries to half of them.
    """
    for shift, factor in ((30, -0x40A7B892E31B1A47), (27, -0x6B2FB644ECCEEE15)):
        x = (x ^ _shift_right(x, shift)) * factor
    return (x ^ _shift_right(x, 31)) & 0x7FFFFFFFFFFFFFFF


def _shift_right(x: Tensor, bits: int) -> Tensor:
    """Shift as if unsigned."""
    return torch.bitwise_and(x >> bits, (1 << (64 - bits)) - 1)
