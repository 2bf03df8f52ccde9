"""The state of both optimizers as plain tensors: by parameter, whatever the number of ranks.

A name is that of the parameter in the plain model and the slot, e.g. ``scorer.0.bias.exp_avg``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed._shard.sharded_tensor.api import ShardedTensor

from ltr.towers import fill, fused_state, is_table


def plain_state(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Copies of it on the CPU; all ranks call it, and rank 0 gets the tables' part, too."""
    dense = {name: value.detach().cpu().clone() for name, value in _dense(model, optimizer)}
    return dense | _tables(fused_state(model))


def load_plain_state(
    model: nn.Module, optimizer: torch.optim.Optimizer, state: Mapping[str, Tensor]
) -> None:
    """Fill both optimizers; what ``state`` does not name stays as it is."""
    for name, value in [*fused_state(model).items(), *_dense(model, optimizer)]:
        if name in state:
            fill(value, state[name])


def _dense(model: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[tuple[str, Tensor]]:
    for name, weight in model.named_parameters():
        if not is_table(name):
            for slot, value in optimizer.state[weight].items():
                yield f"{name}.{slot}", value


@dataclass(frozen=True, slots=True)
class _Shard:
    """A part of a tensor, and the rank that holds it; no offsets: a whole one."""

    name: str
    whole: tuple[int, ...]
    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    rank: int


def _tables(slots: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tables' part, on rank 0 alone.

    A rank knows the optimizers of those tables only that it has a part of, so that torch's own way
    of putting shards together, in which all ranks ask for the same tensor, is of no use here.
    """
    held = dict(_held(slots))
    everywhere: list[list[_Shard]] = [[] for _ in range(dist.get_world_size())]
    dist.all_gather_object(everywhere, list(held))
    plain: dict[str, Tensor] = {}
    for shard in (shard for shards in everywhere for shard in shards):
        part = _on_rank_0(shard, held)
        if part is None:
            continue
        target = plain.setdefault(shard.name, torch.empty(shard.whole, dtype=part.dtype))
        target[tuple(map(slice, shard.offsets, _ends(shard)))] = part
    return plain


def _held(slots: Mapping[str, Any]) -> Iterator[tuple[_Shard, Tensor]]:
    """What this rank has."""
    rank = dist.get_rank()
    for name, value in slots.items():
        if not isinstance(value, ShardedTensor):
            shape = tuple(value.shape)
            yield _Shard(name, shape, (0,) * len(shape), shape, rank), value.detach()
            continue
        for local in value.local_shards():
            about = local.metadata
            offsets, sizes = tuple(about.shard_offsets), tuple(about.shard_sizes)
            yield (
                _Shard(name, tuple(value.metadata().size), offsets, sizes, rank),
                local.tensor.detach(),
            )


def _on_rank_0(shard: _Shard, held: Mapping[_Shard, Tensor]) -> Tensor | None:
    """Bring a shard to rank 0, where it is returned; all ranks call it for all shards."""
    rank = dist.get_rank()
    if shard.rank == rank == 0:
        return held[shard].cpu()
    if shard.rank == rank:
        dist.send(held[shard].contiguous(), dst=0)
    elif rank == 0:
        part = torch.empty(shard.sizes, device=_device())
        dist.recv(part, src=shard.rank)
        return part.cpu()
    return None


def _device() -> torch.device:
    on_gpu = dist.get_backend() == "nccl"
    return torch.device("cuda", torch.cuda.current_device()) if on_gpu else torch.device("cpu")


def _ends(shard: _Shard) -> list[int]:
    return [start + size for start, size in zip(shard.offsets, shard.sizes, strict=True)]
