"""Train a ranker with torchrec: sharded tables that are updated within the backward pass.

One process is world size 1 of the same code. The plain `Ranker` holds the weights before and after:
`distribute` takes them from it, `plain_weights` gives them back under the same names.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn
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
from torchrec.optim.rowwise_adagrad import RowWiseAdagrad

from ltr.towers.ranker import is_table


@contextmanager
def process_group(device: torch.device) -> Iterator[None]:
    """Open a process group of this one process, unless a launcher opened one already."""
    if dist.is_initialized():
        yield
        return
    backend = "nccl" if device.type == "cuda" else "gloo"
    store = dist.HashStore()  # type: ignore[attr-defined]  # public, but torch does not say so
    dist.init_process_group(backend, store=store, rank=0, world_size=1)
    try:
        yield
    finally:
        dist.destroy_process_group()


def distribute(
    ranker: nn.Module, *, device: torch.device, table_learning_rate: float
) -> DistributedModelParallel:
    """Wrap a ranker for training; call it inside `process_group`.

    Each table gets a row-wise Adagrad that is fused with the backward pass: a step costs what the
    looked-up rows cost, however long the table is. `dense_parameters` are left to an optimizer.

    Args:
        ranker: Gives the initial weights; it is taken apart and must not be used afterwards.
        device: Where to train.
        table_learning_rate: Of the fused optimizer.
    """
    weights = {name: weight.detach().clone() for name, weight in ranker.named_parameters()}
    tables = [weight for name, weight in ranker.named_parameters() if is_table(name)]
    if tables:
        apply_optimizer_in_backward(RowWiseAdagrad, tables, {"lr": table_learning_rate})
    sharders = [EmbeddingBagCollectionSharder()]
    with warnings.catch_warnings():
        # torchrec passes an argument to DistributedDataParallel that torch is renaming.
        warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated", FutureWarning)
        model = DistributedModelParallel(
            ranker, device=device, plan=_plan(ranker, device, sharders), sharders=sharders
        )
    # Tables are made anew when they are sharded, so the weights are put back.
    _copy(model.module, weights)
    return model


def dense_parameters(model: DistributedModelParallel) -> list[nn.Parameter]:
    """All parameters that are not tables."""
    return [weight for name, weight in model.module.named_parameters() if not is_table(name)]


def plain_weights(model: DistributedModelParallel) -> dict[str, Tensor]:
    """Copies of all weights, on the CPU, under the names that the plain `Ranker` has for them."""
    return {name: weight.detach().cpu().clone() for name, weight in model.module.named_parameters()}


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


def _copy(module: nn.Module, weights: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(weights[name])
