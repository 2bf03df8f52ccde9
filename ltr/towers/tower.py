"""A tower: the features of one side, ids and numbers, become one vector per row."""

import itertools
import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchrec import EmbeddingBagCollection, EmbeddingBagConfig, PoolingType

from ltr.data.manifest import Feature
from ltr.data.sparse import KeyedJaggedTensor
from ltr.recipe import TableConfig, TowersConfig


class Tower(nn.Module):
    """Look up the ids, put the numbers beside them, and pass both through an MLP.

    Several ids in one column are averaged, or added up; a row without any gets zeros::

        ids [rows] of each column -> table -> [rows, its dim] --------+
                                                                      +-> MLP -> [rows, sizes[-1]]
        numbers [rows, numbers] --------------------------------------+

    Args:
        features: The features of this side.
        config: Sizes of the tables, and the dropout.
        sizes: Layers of the MLP; without any the vector is what the MLP would read.
    """

    def __init__(
        self, features: Sequence[Feature], config: TowersConfig, sizes: Sequence[int]
    ) -> None:
        super().__init__()
        tables = [
            _table(number, feature, config)
            for number, feature in enumerate(features)
            if feature.size is not None
        ]
        self.tables = EmbeddingBagCollection(tables=tables) if tables else None
        num_numbers = len(features) - len(tables)
        num_inputs = sum(table.embedding_dim for table in tables) + num_numbers
        self.mlp = mlp([num_inputs, *sizes], dropout=config.dropout)
        self.num_outputs = [num_inputs, *sizes][-1]

    def forward(self, sparse: KeyedJaggedTensor | None, dense: Tensor) -> Tensor:
        """The vectors of some rows.

        Args:
            sparse: Ids, stride [rows]; None if there are no id features.
            dense: [rows, numbers].

        Returns:
            [rows, num_outputs].
        """
        if self.tables is None:
            return self._vectors(dense)
        return self._vectors(torch.cat([self.tables(sparse).values(), dense], dim=1))

    def _vectors(self, inputs: Tensor) -> Tensor:
        vectors: Tensor = self.mlp(inputs)
        return vectors


def mlp(sizes: Sequence[int], *, dropout: float = 0.0) -> nn.Sequential:
    """Linear layers from ``sizes[0]`` to ``sizes[-1]`` with a ReLU between each two."""
    layers: list[nn.Module] = []
    for num_inputs, num_outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(num_inputs, num_outputs), nn.ReLU()]
        layers += [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(*layers[: -2 if dropout else -1])


def _table(number: int, feature: Feature, config: TowersConfig) -> EmbeddingBagConfig:
    own = config.tables.get(feature.column, TableConfig())
    # A table's name becomes an attribute of a module: no dots, and no name that a module has, such
    # as "type". The number keeps names apart that differ in those characters only.
    return EmbeddingBagConfig(
        name=f"{number}_{re.sub(r'[^0-9A-Za-z_]', '_', feature.name)}",
        embedding_dim=own.dim or config.embedding_dim,
        num_embeddings=feature.size,
        feature_names=[feature.column],
        pooling=PoolingType.SUM if own.pooling == "sum" else PoolingType.MEAN,
    )
