"""A tower: the features of one side, ids and numbers, become one vector per row."""

import itertools
import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchrec import EmbeddingBagCollection, EmbeddingBagConfig, PoolingType

from ltr.data.manifest import Feature
from ltr.data.sparse import KeyedJaggedTensor


class Tower(nn.Module):
    """Look up the ids, put the numbers beside them, and pass both through an MLP.

    Several ids in one column are averaged; a row without any gets zeros::

        ids [rows] of each column -> table -> [rows, embedding_dim] --+
                                                                      +-> MLP -> [rows, sizes[-1]]
        numbers [rows, numbers] --------------------------------------+

    Args:
        features: The features of this side.
        embedding_dim: Length of the vector of an id.
        sizes: Layers of the MLP, at least one.
    """

    def __init__(
        self, features: Sequence[Feature], embedding_dim: int, sizes: Sequence[int]
    ) -> None:
        super().__init__()
        configs = [
            _table(number, feature, embedding_dim)
            for number, feature in enumerate(features)
            if feature.size is not None
        ]
        self.tables = EmbeddingBagCollection(tables=configs) if configs else None
        num_numbers = len(features) - len(configs)
        self.mlp = mlp([len(configs) * embedding_dim + num_numbers, *sizes])

    def forward(self, sparse: KeyedJaggedTensor | None, dense: Tensor) -> Tensor:
        """The vectors of some rows.

        Args:
            sparse: Ids, stride [rows]; None if there are no id features.
            dense: [rows, numbers].

        Returns:
            [rows, sizes[-1]].
        """
        if self.tables is None:
            return self._vectors(dense)
        return self._vectors(torch.cat([self.tables(sparse).values(), dense], dim=1))

    def _vectors(self, inputs: Tensor) -> Tensor:
        vectors: Tensor = self.mlp(inputs)
        return vectors


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers from ``sizes[0]`` to ``sizes[-1]`` with a ReLU between each two."""
    layers: list[nn.Module] = []
    for num_inputs, num_outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(num_inputs, num_outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _table(number: int, feature: Feature, embedding_dim: int) -> EmbeddingBagConfig:
    # A table's name becomes an attribute of a module: no dots, and no name that a module has, such
    # as "type". The number keeps names apart that differ in those characters only.
    return EmbeddingBagConfig(
        name=f"{number}_{re.sub(r'[^0-9A-Za-z_]', '_', feature.name)}",
        embedding_dim=embedding_dim,
        num_embeddings=feature.size,
        feature_names=[feature.column],
        pooling=PoolingType.MEAN,
    )
