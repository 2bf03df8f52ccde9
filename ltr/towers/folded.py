"""A model for scoring alone: what its first layers make of small tables is worked out once.

A tower's first layer is linear, and so is the pooling of vectors before it. With v, the pooled
vector of a column, and x, all other inputs::

    W [v, x] + b  =  W_v v + (W_x x + b)

So the rows of a table can be multiplied by W_v before any document comes, and what is looked up is
added to what the layer makes of the rest.
"""

import copy
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torchrec import EmbeddingBagConfig

from ltr.data.sparse import JaggedTensor, KeyedJaggedTensor
from ltr.towers.ranker import Ranker
from ltr.towers.tower import Tower

LEAST_DIM = 16
"""Shorter vectors are multiplied sooner than longer ones are added up."""
MOST_NUMBERS = 2**20
"""Of a folded table: a larger one would leave the processor's cache, and fill the memory."""


def folded(model: nn.Module) -> nn.Module:
    """Make a model of the same scores, but for rounding, that multiplies less for each document.

    Args:
        model: As it was trained. It is left as it is, and what was not folded belongs to both.

    Returns:
        ``model`` itself, where nothing can be gained or where a team has plugged in its own.

    Example:
        >>> from ltr.data.manifest import Feature
        >>> from ltr.recipe import TowersConfig
        >>> item = Feature(side="document", name="item", kind="id", size=9)
        >>> type(folded(Ranker([item], TowersConfig(), seed=0)).document_tower).__name__
        'FoldedTower'
    """
    if type(model) is not Ranker:
        return model
    towers = {
        name: part
        for name, part in model.named_children()
        if isinstance(part, Tower) and any(_gains(one, part) for one in _tables(part))
    }
    if not towers:
        return model
    # All is copied but the weights.
    made = copy.deepcopy(model, {id(weights): weights for weights in model.parameters()})
    for name, tower in towers.items():
        setattr(made, name, FoldedTower(tower))
    return made


class FoldedTower(nn.Module):
    """A tower whose small tables hold what its first layer makes of them.

    Args:
        tower: Has tables and a layer.
    """

    def __init__(self, tower: Tower) -> None:
        super().__init__()
        first = cast("nn.Linear", tower.mlp[0])
        kept: list[Tensor] = []
        self.weights = tower.weights
        has_weights = tower.weights is not None
        self.plain, self.folded = (_Lookups(has_weights=has_weights) for _ in range(2))
        at = 0
        for config in _tables(tower):
            table = _weights_of(config, tower)
            for column in config.feature_names:
                own = first.weight[:, at : at + config.embedding_dim]
                at += config.embedding_dim
                if _gains(config, tower):
                    self.folded.add(column, table @ own.T, config)
                else:
                    self.plain.add(column, table, config)
                    kept.append(own)
        kept.append(first.weight[:, at:])
        # No Linear, which would draw weights of its own.
        self.first = nn.ParameterList([torch.cat(kept, dim=1).detach(), first.bias])
        self.behind = tower.mlp[1:]

    def forward(self, sparse: KeyedJaggedTensor, dense: Tensor) -> Tensor:
        """The vectors of some rows, as `Tower` gives them; [rows, num_outputs]."""
        ids = (sparse if self.weights is None else self.weights(sparse)).to_dict()
        hidden = linear(torch.cat([*self.plain(ids), dense], dim=1), *self.first)
        for share in self.folded(ids):
            hidden += share
        vectors: Tensor = self.behind(hidden)
        return vectors


class _Lookups(nn.Module):
    """Columns, each with its table.

    Args:
        has_weights: Whether the tables want weights; ids may have some that other columns need.
    """

    def __init__(self, *, has_weights: bool) -> None:
        super().__init__()
        self.has_weights = has_weights
        self.columns: list[str] = []
        self.tables = nn.ModuleList()

    def add(self, column: str, table: Tensor, config: EmbeddingBagConfig) -> None:
        """Look a column up in a table, pooled as ``config`` says."""
        self.columns.append(column)
        self.tables.append(
            nn.EmbeddingBag.from_pretrained(
                table.detach(), mode=config.pooling.value.lower(), include_last_offset=True
            )
        )

    def forward(self, ids: dict[str, JaggedTensor]) -> list[Tensor]:
        """The pooled vectors of each column; [rows, its table's dim]."""
        own = [ids[column] for column in self.columns]
        return [
            table(each.values(), each.offsets(), each.weights() if self.has_weights else None)
            for table, each in zip(self.tables, own, strict=True)
        ]


def _tables(tower: Tower) -> list[EmbeddingBagConfig]:
    """In the order in which the first layer reads them; none where there is no layer."""
    if tower.tables is None or not len(tower.mlp):
        return []
    return list(tower.tables.embedding_bag_configs())


def _gains(table: EmbeddingBagConfig, tower: Tower) -> bool:
    outputs = cast("nn.Linear", tower.mlp[0]).out_features
    is_small: bool = table.num_embeddings * outputs <= MOST_NUMBERS
    return is_small and table.embedding_dim >= LEAST_DIM


def _weights_of(config: EmbeddingBagConfig, tower: Tower) -> Tensor:
    assert tower.tables is not None
    return cast("Tensor", tower.tables.embedding_bags[config.name].weight)
