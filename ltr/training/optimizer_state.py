"""The state of both optimizers as plain tensors: by parameter, whatever the number of ranks.

A name is that of the parameter in the plain model and the slot, e.g. ``scorer.0.bias.exp_avg``.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.distributed._shard.sharded_tensor.api import ShardedTensor
from torchrec.distributed import DistributedModelParallel

from ltr.towers import fill, fused_state, gathered, is_table


def plain_state(
    model: DistributedModelParallel, optimizer: torch.optim.Optimizer
) -> dict[str, Tensor]:
    """Copies of it on the CPU; all ranks call it, and rank 0 gets the tables' part, too."""
    plain: dict[str, Tensor] = {}
    for name, value in _slots(model, optimizer):
        if not isinstance(value, ShardedTensor):
            plain[name] = value.detach().cpu().clone()
        elif (whole := gathered(value)) is not None:
            plain[name] = whole
    return plain


def load_plain_state(
    model: DistributedModelParallel, optimizer: torch.optim.Optimizer, state: dict[str, Tensor]
) -> None:
    """Fill both optimizers; what ``state`` does not name stays as it is."""
    for name, value in _slots(model, optimizer):
        if name in state:
            fill(value, state[name])


def _slots(
    model: DistributedModelParallel, optimizer: torch.optim.Optimizer
) -> Iterator[tuple[str, Any]]:
    yield from fused_state(model).items()
    for name, weight in model.named_parameters():
        if not is_table(name):
            for slot, value in optimizer.state[weight].items():
                yield f"{name}.{slot}", value
