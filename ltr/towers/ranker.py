"""The ranking model: a query tower, a document tower, and a scorer over both vectors."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchrec import EmbeddingBagCollection

from ltr.data.batch import RankingBatch
from ltr.data.manifest import Feature, Side
from ltr.recipe import TowersConfig
from ltr.towers.attention import ListAttention
from ltr.towers.interaction import interaction
from ltr.towers.tables import SharedTables
from ltr.towers.tower import Tower, mlp


class Ranker(nn.Module):
    """Score every document of a batch of lists.

    The query is passed through its tower once per list, and its vector q is spread to the list's
    documents::

        q, d -> interaction -> (attention over the list) -> scorer -> score
        q, d -> q . d = score                                      (interaction "dot")

    Args:
        features: The features of the lists, of both sides, as the manifest lists them.
        config: Sizes of the layers.
        seed: Decides all initial weights; no other source of chance is used or moved.

    Raises:
        ValueError: No feature describes the document: all documents of a list would tie; or the
            interaction is "dot" and no feature describes the query; or a table is described that
            there is not.
    """

    def __init__(self, features: Sequence[Feature], config: TowersConfig, *, seed: int) -> None:
        super().__init__()
        query, document = (_of(side, features) for side in ("query", "document"))
        _check(query, document, config)
        with torch.random.fork_rng(devices=[]):
            self.shared = _shared(features, config)
            self.query_tower = self._tower("query", query, config) if query else None
            self.document_tower = self._tower("document", document, config)
            num_query = self.query_tower.num_outputs if self.query_tower else 0
            self.interaction, num_outputs = interaction(
                config, num_query, self.document_tower.num_outputs
            )
            self.attention: ListAttention | None = None
            if config.attention is not None:
                self.attention = ListAttention(
                    num_outputs, config.attention, dropout=config.dropout
                )
                num_outputs = config.attention.dim
            self.scorer: nn.Module = nn.Identity()
            if config.interaction != "dot":
                self.scorer = mlp([num_outputs, *config.scorer, 1], dropout=config.dropout)
        _initialise(self, torch.Generator().manual_seed(seed))

    def _tower(self, side: Side, features: list[Feature], config: TowersConfig) -> Tower:
        sizes = config.query if side == "query" else config.document
        if self.shared is None:
            return Tower(features, config, sizes)
        outside = {column for column, _, _ in self.shared.columns}
        own = [feature for feature in features if feature.column not in outside]
        return Tower(own, config, sizes, num_more=self.shared.num_outputs(side))

    def forward(self, batch: RankingBatch) -> Tensor:
        """The scores of a batch, higher is better; [docs]."""
        query_dense, document_dense = self._dense(batch)
        document = self.document_tower(batch.document_sparse, document_dense)
        query = None
        if self.query_tower is not None:
            query = self.query_tower(batch.query_sparse, query_dense)
        if query is not None:
            # output_size spares a GPU the wait for the sum of the lengths.
            query = query.repeat_interleave(batch.lengths, dim=0, output_size=batch.grades.shape[0])
        vectors = self.interaction(query, document)
        if self.attention is not None:
            vectors = self.attention(vectors, batch.lengths)
        scores: Tensor = self.scorer(vectors)
        return scores.squeeze(1)

    def document_vectors(self, batch: RankingBatch) -> Tensor:
        """The vectors of the documents; [docs, n].

        With the interaction "dot" an index of them answers queries: the score is the product of the
        two vectors.
        """
        vectors: Tensor = self.document_tower(batch.document_sparse, self._dense(batch)[1])
        return vectors

    def query_vectors(self, batch: RankingBatch) -> Tensor | None:
        """The vectors of the queries; [lists, n]; None without features."""
        if self.query_tower is None:
            return None
        vectors: Tensor = self.query_tower(batch.query_sparse, self._dense(batch)[0])
        return vectors

    def _dense(self, batch: RankingBatch) -> tuple[Tensor, Tensor]:
        """The numbers of queries and of documents, behind what the shared tables give."""
        if self.shared is None:
            return batch.query_dense, batch.document_dense
        query, document = self.shared(batch)
        return (
            torch.cat([query, batch.query_dense], dim=1),
            torch.cat([document, batch.document_dense], dim=1),
        )


def is_table(name: str) -> bool:
    """Whether the parameter of a ranker with this name is an embedding table."""
    return ".embedding_bags." in name


def table_columns(ranker: nn.Module) -> dict[str, tuple[str, ...]]:
    """Which columns are looked up in each embedding table, by the name of its parameter.

    Example:
        >>> item = Feature(side="document", name="item", kind="id", size=9)
        >>> table_columns(Ranker([item], TowersConfig(), seed=0))
        {'document_tower.tables.embedding_bags.0_item.weight': ('document/item',)}
    """
    return {
        f"{name}.embedding_bags.{table.name}.weight": tuple(table.feature_names)
        for name, part in ranker.named_modules()
        if isinstance(part, EmbeddingBagCollection)
        for table in part.embedding_bag_configs()
    }


def _of(side: Side, features: Sequence[Feature]) -> list[Feature]:
    return [feature for feature in features if feature.side == side]


def _shared(features: Sequence[Feature], config: TowersConfig) -> SharedTables | None:
    """The tables that both sides use."""
    ids = [feature for feature in features if feature.size is not None]
    sides = {one.table: {other.side for other in ids if other.table == one.table} for one in ids}
    both = [feature for feature in ids if len(sides[feature.table]) > 1]
    return SharedTables(both, config) if both else None


def _check(query: list[Feature], document: list[Feature], config: TowersConfig) -> None:
    if not document:
        msg = (
            "the lists must have at least one document feature, or all documents of a list "
            f"tie; got {len(query)} query features and none of the document"
        )
        raise ValueError(msg)
    if config.interaction == "dot" and not query:
        msg = "the interaction dot needs a query feature: without a query there is no product"
        raise ValueError(msg)
    ids = {feature.table for feature in (*query, *document) if feature.size is not None}
    if odd := sorted(set(config.tables) - ids):
        msg = f"towers.tables describes {odd[0]!r}; the id columns are {', '.join(sorted(ids))}"
        raise ValueError(msg)


def _initialise(ranker: nn.Module, generator: torch.Generator) -> None:
    norms = {
        f"{name}.weight" for name, part in ranker.named_modules() if isinstance(part, nn.LayerNorm)
    }
    for name, parameter in ranker.named_parameters():
        with torch.no_grad():
            if is_table(name):
                nn.init.uniform_(parameter, -0.05, 0.05, generator=generator)
                # The row of unseen ids learns from rare ones, where the encoder makes these unseen,
                # and from nothing otherwise: then it must not be a random vector.
                parameter[0] = 0
            elif name in norms:
                nn.init.ones_(parameter)
            elif "bias" in name:
                nn.init.zeros_(parameter)
            else:
                nn.init.kaiming_uniform_(parameter, nonlinearity="relu", generator=generator)
