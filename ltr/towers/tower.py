"""A tower: the features of one side, ids and numbers, become one vector per row."""

import itertools
from collections.abc import Sequence

import torch
import torch.fx
from torch import Tensor, nn

from ltr.data.manifest import Feature
from ltr.data.sparse import KeyedJaggedTensor
from ltr.recipe import TowersConfig
from ltr.towers.id_weights import id_weights
from ltr.towers.tables import collection, columns_of, looked_up, width

torch.fx.wrap("looked_up")


class Tower(nn.Module):
    """Look up the ids, put the numbers beside them, and pass both through an MLP.

    Several ids in one column are averaged, or added up, by their weights if they have any; a row
    without ids gets zeros::

        ids [rows] of each column -> table -> [rows, its dim] --------+
                                                                      +-> MLP -> [rows, sizes[-1]]
        numbers [rows, numbers] --------------------------------------+

    Args:
        features: The features of this side.
        config: Sizes of the tables, and the dropout.
        sizes: Layers of the MLP; without any the vector is what the MLP would read.
        num_more: Numbers per row that come from tables outside of the tower.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        config: TowersConfig,
        sizes: Sequence[int],
        *,
        num_more: int = 0,
    ) -> None:
        super().__init__()
        self.tables = collection(features, config)
        self.weights = id_weights(features, config)
        self.columns = columns_of(self.tables)
        num_numbers = sum(feature.size is None for feature in features) + num_more
        num_inputs = width(self.tables) + num_numbers
        self.mlp = mlp([num_inputs, *sizes], dropout=config.dropout)
        self.num_outputs = [num_inputs, *sizes][-1]

    def forward(self, sparse: KeyedJaggedTensor | None, dense: Tensor) -> Tensor:
        """The vectors of some rows.

        Args:
            sparse: Ids, stride [rows]; None if there are no id features. Others are passed over.
            dense: [rows, numbers], those from outside of the tower included.

        Returns:
            [rows, num_outputs].
        """
        if self.tables is None or sparse is None:
            return self._vectors(dense)
        ids = sparse if self.weights is None else self.weights(sparse)
        found = looked_up(self.tables(ids), self.columns)
        return self._vectors(torch.cat([found, dense], dim=1))

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
