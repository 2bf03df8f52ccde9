"""Embedding tables: one per vocabulary, also where columns of both sides look ids up in it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import torch
import torch.fx
from torch import Tensor, nn
from torchrec import EmbeddingBagCollection, EmbeddingBagConfig, KeyedTensor, PoolingType

from ltr.data.batch import RankingBatch
from ltr.data.manifest import Feature
from ltr.data.sparse import JaggedTensor, KeyedJaggedTensor, keyed_jagged
from ltr.recipe import TableConfig, TowersConfig
from ltr.towers.id_weights import id_weights, is_weighted

# One step to torchrec's pipeline, which follows the ids through a model that it traces.
torch.fx.wrap("looked_up")


def collection(features: Sequence[Feature], config: TowersConfig) -> EmbeddingBagCollection | None:
    """The tables of some features, those of the same vocabulary in one; None without ids.

    The numbers among the features count only for the tables' names. Where one of the features has
    weights, all vectors of a row are added up: `IdWeights` sees to it that a mean becomes one.
    """
    columns: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for number, feature in enumerate(features):
        if feature.size is not None:
            columns.setdefault(feature.table, []).append(feature.column)
            # A table's name becomes an attribute of a module: no dots, and no name that a module
            # has, such as "type". The number keeps names apart that differ in those only.
            plain = re.sub(r"[^0-9A-Za-z_]", "_", feature.name)
            names.setdefault(feature.table, f"{number}_{plain}")
    sizes = {feature.table: feature.size for feature in features}
    tables = [
        _table(names[table], sizes[table], own, config.tables.get(table, TableConfig()), config)
        for table, own in columns.items()
    ]
    if is_weighted(features):
        tables = [replace(table, pooling=PoolingType.SUM) for table in tables]
    weighted = is_weighted(features)
    return EmbeddingBagCollection(tables=tables, is_weighted=weighted) if tables else None


def _table(
    name: str, size: int | None, columns: list[str], own: TableConfig, config: TowersConfig
) -> EmbeddingBagConfig:
    return EmbeddingBagConfig(
        name=name,
        embedding_dim=own.dim or config.embedding_dim,
        num_embeddings=size,
        feature_names=columns,
        pooling=PoolingType.SUM if own.pooling == "sum" else PoolingType.MEAN,
    )


def looked_up(found: KeyedTensor, columns: Sequence[str]) -> Tensor:
    """The vectors of these columns beside each other; [rows, all their numbers].

    Tables that are sharded give them by rank, which is in no order that a plain model knows.
    """
    if found.keys() == list(columns):
        return cast("Tensor", found.values())
    by_column = found.to_dict()
    return torch.cat([by_column[column] for column in columns], dim=1)


def columns_of(tables: EmbeddingBagCollection | None) -> list[str]:
    """The columns of some tables, in the order in which plain tables give their vectors."""
    configs = [] if tables is None else tables.embedding_bag_configs()
    return [column for one in configs for column in one.feature_names]


def width(tables: EmbeddingBagCollection | None) -> int:
    """How many numbers a row gets from all its ids together."""
    if tables is None:
        return 0
    return sum(one.embedding_dim * len(one.feature_names) for one in tables.embedding_bag_configs())


class SharedTables(nn.Module):
    """The tables in which queries and documents both look ids up.

    Both sides are looked up at once, so that the optimizer that is fused with the backward pass
    updates a row once a step: the rows are the documents and then the lists, and a column of one
    side has empty bags for the rows of the other.

    Args:
        features: All that use these tables, of both sides.
        config: Sizes of the tables.
    """

    def __init__(self, features: Sequence[Feature], config: TowersConfig) -> None:
        super().__init__()
        tables = collection(features, config)
        assert tables is not None
        self.tables = tables
        self.weights = id_weights(features, config)
        sides = {feature.column: feature.side for feature in features}
        self.columns = [
            (column, sides[column], one.embedding_dim)
            for one in self.tables.embedding_bag_configs()
            for column in one.feature_names
        ]
        """Column, side and how many numbers it gives, in the order of what the tables give."""
        self.ids = SharedIds(
            [(column, side) for column, side, _ in self.columns], weighted=is_weighted(features)
        )

    def num_outputs(self, side: str) -> int:
        """How many numbers a row of this side gets."""
        return sum(dim for _, its, dim in self.columns if its == side)

    def forward(self, batch: RankingBatch) -> tuple[Tensor, Tensor]:
        """The looked-up vectors of the queries [lists, n] and of the documents [docs, m]."""
        ids = self.ids(batch)
        found = self.tables(ids if self.weights is None else self.weights(ids))
        docs, lists = batch.grades.shape[0], batch.lengths.shape[0]
        query, document = (looked_up(found, self._of(side)) for side in ("query", "document"))
        return query[docs : docs + lists], document[:docs]

    def _of(self, side: str) -> list[str]:
        return [column for column, its, _ in self.columns if its == side]


class SharedIds(nn.Module):
    """The ids of both sides as one: the rows are the documents and then the lists.

    Args:
        columns: Each with its side.
        weighted: Whether the tables are looked up with weights.
    """

    def __init__(self, columns: Sequence[tuple[str, str]], *, weighted: bool) -> None:
        super().__init__()
        self._columns, self._weighted = columns, weighted

    def forward(self, batch: RankingBatch) -> KeyedJaggedTensor:
        """The ids of a batch; stride [docs + lists]."""
        ids = [_ids(batch, column, side) for column, side in self._columns]
        sides = [side for _, side in self._columns]
        return keyed_jagged(
            [column for column, _ in self._columns],
            [_column(batch, own, side) for own, side in zip(ids, sides, strict=True)],
            [_weights(own) for own in ids] if self._weighted else None,
        )


def _ids(batch: RankingBatch, column: str, side: str) -> JaggedTensor:
    sparse = batch.query_sparse if side == "query" else batch.document_sparse
    assert sparse is not None
    return sparse[column]


def _weights(own: JaggedTensor) -> Tensor:
    """Those of a column; 1 where no column of its side has any."""
    weights: Tensor | None = own.weights_or_none()
    return torch.ones_like(own.values(), dtype=torch.float32) if weights is None else weights


def _column(batch: RankingBatch, own: JaggedTensor, side: str) -> tuple[Tensor, Tensor]:
    """The values of a column, and how many there are for every document and then every list."""
    lengths: Tensor = own.lengths()
    others = len(batch.grades) if side == "query" else len(batch.lengths)
    none = lengths.new_zeros(others)
    return own.values(), torch.cat([none, lengths] if side == "query" else [lengths, none])
