"""Ids of many features as one KeyedJaggedTensor: the form that torchrec's tables look up."""

import logging
from collections.abc import Sequence

import torch
from torch import Tensor
from torchrec.sparse.jagged_tensor import JaggedTensor, KeyedJaggedTensor

__all__ = ["JaggedTensor", "KeyedJaggedTensor", "keyed_jagged"]

# torch advises torchrec on the call of a function of its own, once per process, when the first
# KeyedJaggedTensor is made; a user of ours can do nothing about it.
logging.getLogger("torch.fx._symbolic_trace").addFilter(
    lambda record: not record.getMessage().startswith("is_fx_tracing will return true")
)


def keyed_jagged(
    keys: Sequence[str],
    columns: Sequence[tuple[Tensor, Tensor]],
    weights: Sequence[Tensor] | None = None,
) -> KeyedJaggedTensor:
    """Join the columns of several features, each all its values and its values per row.

    Args:
        keys: One name per feature.
        columns: Per feature its values [values], int64, and its lengths [rows], int64.
        weights: Per feature the weights of its values [values], float32; None: there are none.

    Example:
        >>> ids = keyed_jagged(
        ...     ["user", "tags"],
        ...     [
        ...         (torch.tensor([4, 5]), torch.tensor([1, 1])),
        ...         (torch.tensor([7, 8, 9]), torch.tensor([3, 0])),
        ...     ],
        ... )
        >>> ids["tags"].to_dense()
        [tensor([7, 8, 9]), tensor([], dtype=torch.int64)]
    """
    return KeyedJaggedTensor(
        keys=list(keys),
        values=torch.cat([values for values, _ in columns]),
        weights=None if weights is None else torch.cat(list(weights)),
        lengths=torch.cat([lengths for _, lengths in columns]),
    )
