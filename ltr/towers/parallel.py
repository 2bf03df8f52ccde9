"""Train a ranker with torchrec: sharded tables that are updated within the backward pass.

One process is world size 1 of the same code. The plain `Ranker` holds the weights before and after:
`distribute` takes them from it, `plain_weights` gives them back under the same names.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed._shard.sharded_tensor.api import ShardedTensor
from torch.distributed.optim.apply_optimizer_in_backward import (
    _apply_optimizer_in_backward as apply_optimizer_in_backward,
)
from torchrec import EmbeddingBagCollection
from torchrec.distributed import DistributedModelParallel
from torchrec.distributed.embeddingbag import EmbeddingBagCollectionSharder
from torchrec.distributed.planner import EmbeddingShardingPlanner
from torchrec.distributed.planner.storage_reservations import FixedPercentageStorageReservation
from torchrec.distributed.planner.types import (
    KernelConfig,
    ParameterConstraints,
    TopologyFactory,
    TrainerConfig,
)
from torchrec.distributed.types import ShardingPlan
from torchrec.optim.optimizers import Adagrad, Adam
from torchrec.optim.rowwise_adagrad import RowWiseAdagrad

from ltr.recipe import RecipeError
from ltr.towers.alone import AloneSharder, AloneWrapper
from ltr.towers.ranker import is_table

TableOptimizer: TypeAlias = Literal["rowwise_adagrad", "adagrad", "adam"]


OPTIMIZERS = {"rowwise_adagrad": RowWiseAdagrad, "adagrad": Adagrad, "adam": Adam}
"""Of tables; all of them are fused with the backward pass."""


@contextmanager
def process_group(device: torch.device) -> Iterator[None]:
    """Join the processes that a launcher such as torchrun started; alone, be a group of one.

    A group that is open already is taken as it is.
    """
    if dist.is_initialized():
        yield
        return
    backend = "nccl" if device.type == "cuda" else "gloo"
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group(backend)
    else:
        store = dist.HashStore()  # type: ignore[attr-defined]  # public, but torch does not say so
        dist.init_process_group(backend, store=store, rank=0, world_size=1)
    try:
        yield
    finally:
        dist.destroy_process_group()


def distribute(
    ranker: nn.Module,
    *,
    device: torch.device,
    table_learning_rate: float,
    table_optimizer: TableOptimizer = "rowwise_adagrad",
) -> DistributedModelParallel:
    """Wrap a ranker for training; call it inside `process_group`.

    Tables are sharded over the ranks, and each gets an optimizer that is fused with the backward
    pass: a step costs what the looked-up rows cost, however long the table is. Every rank holds all
    other weights; `dense_parameters` are left to an optimizer.

    Args:
        ranker: Gives the initial weights; it is taken apart and must not be used afterwards.
        device: Where to train.
        table_learning_rate: Of the fused optimizer.
        table_optimizer: The fused optimizer; there is no "adam" for tables on a CPU.

    Raises:
        RecipeError: "adam" on a CPU.
    """
    if table_optimizer == "adam" and device.type == "cpu":
        rule = "needs a GPU: there is no fused Adam for tables on a CPU; take rowwise_adagrad"
        raise RecipeError(key="training.table_optimizer", rule=f"{rule}; got 'adam'")
    weights = {name: weight.detach().clone() for name, weight in ranker.named_parameters()}
    tables = [weight for name, weight in ranker.named_parameters() if is_table(name)]
    if tables:
        apply_optimizer_in_backward(
            OPTIMIZERS[table_optimizer], tables, {"lr": table_learning_rate}
        )
    is_alone = dist.get_world_size() == 1
    sharders = [AloneSharder() if is_alone else EmbeddingBagCollectionSharder()]
    with warnings.catch_warnings():
        # torchrec passes an argument to DistributedDataParallel that torch is renaming.
        warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated", FutureWarning)
        model = DistributedModelParallel(
            ranker,
            device=device,
            plan=_plan(ranker, device, sharders),
            sharders=sharders,
            data_parallel_wrapper=AloneWrapper() if is_alone else None,
        )
    # Tables are made anew when they are sharded, so the weights are put back.
    _fill(model, weights)
    return model


def dense_parameters(model: DistributedModelParallel) -> list[nn.Parameter]:
    """All parameters that are not tables."""
    return [weight for name, weight in model.module.named_parameters() if not is_table(name)]


def plain_weights(model: DistributedModelParallel) -> dict[str, Tensor]:
    """Copies of all weights, on the CPU, under the names that the plain `Ranker` has for them.

    All ranks call it. The shards of a table are gathered on rank 0, where the whole of it must fit
    into memory; the other ranks get the dense weights alone.
    """
    plain: dict[str, Tensor] = {}
    for name, weight in model.state_dict().items():
        if not isinstance(weight, ShardedTensor):
            plain[name] = weight.detach().cpu().clone()
        elif (whole := _gathered(weight)) is not None:
            plain[name] = whole
    return plain


def _gathered(weight: ShardedTensor) -> Tensor | None:
    """All shards as one tensor on the CPU, on rank 0 alone; all ranks call it."""
    with without_advice():
        out = None
        if dist.get_rank() == 0:
            shards = weight.local_shards()
            device = shards[0].tensor.device if shards else torch.device("cpu")
            out = torch.empty(weight.size(), dtype=weight.dtype, device=device)
        weight.gather(dst=0, out=out)
    return None if out is None else out.cpu()


@contextmanager
def without_advice() -> Iterator[None]:
    """Without torch's advice to torchrec, whose tables are still of an older kind of shards."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Please use DTensor instead", FutureWarning)
        yield


def fused_state(model: DistributedModelParallel) -> dict[str, Any]:
    """The state of the tables' optimizers, by table and slot; writing into it changes them."""
    tables = model.fused_optimizer.state_dict()["state"]
    return {
        f"{table}.{slot.rpartition('.')[2]}": value
        for table, slots in tables.items()
        for slot, value in slots.items()
    }


def set_table_learning_rate(model: DistributedModelParallel, rate: float) -> None:
    """Change the learning rate of all tables, from the next backward pass on."""
    for group in model.fused_optimizer.param_groups:
        group["lr"] = rate
    # Hands the rate to the kernels; the update itself is made in the backward pass.
    model.fused_optimizer.step()


def _plan(
    ranker: nn.Module, device: torch.device, sharders: list[EmbeddingBagCollectionSharder]
) -> ShardingPlan:
    """Let the planner place the tables, among the forms that have a fused optimizer.

    Left to itself it replicates small tables, and those would lose their optimizer without a word.
    """
    names = _table_names(ranker)
    if not names:
        return ShardingPlan({})
    fused = ParameterConstraints(
        sharding_types=["table_wise", "row_wise"], compute_kernels=["fused"]
    )
    world_size = dist.get_world_size()
    topology = TopologyFactory.create_topology(
        TrainerConfig(world_size=world_size, local_world_size=world_size),
        kernel_config=KernelConfig(compute_device=device.type),
    )
    planner = EmbeddingShardingPlanner(
        topology=topology,
        storage_reservation=FixedPercentageStorageReservation(percentage=0.1),
        constraints=dict.fromkeys(names, fused),
    )
    return planner.collective_plan(ranker, sharders, dist.group.WORLD)


def _table_names(ranker: nn.Module) -> list[str]:
    tables = [part for part in ranker.modules() if isinstance(part, EmbeddingBagCollection)]
    return [config.name for each in tables for config in each.embedding_bag_configs()]


def _fill(model: DistributedModelParallel, weights: dict[str, Tensor]) -> None:
    for name, here in model.state_dict().items():
        fill(here, weights[name])


def fill(here: Tensor | ShardedTensor, whole: Tensor) -> None:
    """Put a whole tensor into one that has its shape, or into the shards of it on this rank."""
    with torch.no_grad():
        if not isinstance(here, ShardedTensor):
            here.copy_(whole)
            return
        for shard in here.local_shards():
            starts, sizes = shard.metadata.shard_offsets, shard.metadata.shard_sizes
            part = whole
            for dim, (start, size) in enumerate(zip(starts, sizes, strict=True)):
                part = part.narrow(dim, start, size)
            shard.tensor.copy_(part)
