"""One process has nobody to exchange ids and gradients with: what torchrec does then, left out.

Weights, optimizers and their names stay torchrec's own, so that a snapshot fits any number of
processes. Left out are the messages to oneself, which take longer than the lookup of a small batch.
"""

import torch
from torch import Tensor
from torchrec import EmbeddingBagCollection, KeyedJaggedTensor, KeyedTensor
from torchrec.distributed.embedding_lookup import GroupedPooledEmbeddingsLookup
from torchrec.distributed.embeddingbag import (
    EmbeddingBagCollectionSharder,
    ShardedEmbeddingBagCollection,
    construct_output_kt,
)
from torchrec.distributed.model_parallel import DataParallelWrapper, DistributedModelParallel
from torchrec.distributed.types import ParameterSharding, ShardingEnv


class AloneTables(ShardedEmbeddingBagCollection):  # type: ignore[misc]
    """Tables that one process holds: its ids go straight to the fused lookup."""

    def forward(self, features: KeyedJaggedTensor) -> KeyedTensor:
        """The pooled vectors, as the sharded tables give them, without the wait for them."""
        if self._has_uninitialized_input_dist or set(self._sharding_types) != {"table_wise"}:
            return super().forward(features)
        with torch.no_grad():
            if self._has_features_permute:
                features = features.permute(self._features_order, self._features_order_tensor)
        return construct_output_kt(
            self._vectors(features), self._embedding_names, self._embedding_dims
        )

    def _vectors(self, features: KeyedJaggedTensor) -> list[Tensor]:
        if len(self._lookups) == 1 and _is_bare(self._lookups[0]):
            return [self._lookups[0]._emb_modules[0](features)]
        with torch.no_grad():
            parts = features.split(self._feature_splits)
        return [look_up(part) for look_up, part in zip(self._lookups, parts, strict=True)]


def _is_bare(lookup: GroupedPooledEmbeddingsLookup) -> bool:
    """Whether a lookup does nothing but to call its one kernel with all that it is given."""
    if len(lookup._emb_modules) != 1 or lookup.optim_state_tracker_fn is not None:
        return False
    (group,) = lookup.grouped_configs
    return not group.is_weighted and not group.has_feature_processor


class AloneSharder(EmbeddingBagCollectionSharder):  # type: ignore[misc]
    """Shards tables over one process."""

    def shard(
        self,
        module: EmbeddingBagCollection,
        params: dict[str, ParameterSharding],
        env: ShardingEnv,
        device: torch.device | None = None,
        module_fqn: str | None = None,
    ) -> AloneTables:
        """Tables with their fused optimizers, in place of ``module``."""
        return AloneTables(
            module=module,
            table_name_to_parameter_sharding=params,
            env=env,
            fused_params=self.fused_params,
            device=device,
            module_fqn=module_fqn,
        )


class AloneWrapper(DataParallelWrapper):  # type: ignore[misc]
    """Moves the dense part to its device; there are no gradients to average."""

    def wrap(self, dmp: DistributedModelParallel, _: ShardingEnv, device: torch.device) -> None:
        """Leave the model as it is."""
        dmp._dmp_wrapped_module = dmp._dmp_wrapped_module.to(device)
