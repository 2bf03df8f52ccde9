"""The ranking model: a query tower, a document tower, and a scorer over both vectors."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ltr.data.batch import RankingBatch
from ltr.data.manifest import Feature, Side
from ltr.recipe import TowersConfig
from ltr.towers.tower import Tower, mlp


class Ranker(nn.Module):
    """Score every document of a batch of lists.

    The query is passed through its tower once per list, and its vector q is spread to the list's
    documents; the scorer reads [q, d, q * d]. Where the query has no features it reads d alone.

    Args:
        features: The features of the lists, of both sides, as the manifest lists them.
        config: Sizes of the layers.
        seed: Decides all initial weights; no other source of chance is used or moved.

    Raises:
        ValueError: No feature describes the document: all documents of a list would tie.
    """

    def __init__(self, features: Sequence[Feature], config: TowersConfig, *, seed: int) -> None:
        super().__init__()
        query, document = (_of(side, features) for side in ("query", "document"))
        if not document:
            msg = (
                "the lists must have at least one document feature, or all documents of a list "
                f"tie; got {len(query)} query features and none of the document"
            )
            raise ValueError(msg)
        with torch.random.fork_rng(devices=[]):
            self.query_tower = Tower(query, config.embedding_dim, config.query) if query else None
            self.document_tower = Tower(document, config.embedding_dim, config.document)
            num_vectors = 3 if query else 1
            self.scorer = mlp([num_vectors * config.document[-1], *config.scorer, 1])
        _initialise(self, torch.Generator().manual_seed(seed))

    def forward(self, batch: RankingBatch) -> Tensor:
        """The scores of a batch, higher is better; [docs]."""
        vectors = self.document_tower(batch.document_sparse, batch.document_dense)
        if self.query_tower is not None:
            query = self.query_tower(batch.query_sparse, batch.query_dense)
            # output_size spares a GPU the wait for the sum of the lengths.
            query = query.repeat_interleave(batch.lengths, dim=0, output_size=len(batch.grades))
            vectors = torch.cat([query, vectors, query * vectors], dim=1)
        scores: Tensor = self.scorer(vectors)
        return scores.squeeze(1)


def is_table(name: str) -> bool:
    """Whether the parameter of a ranker with this name is an embedding table."""
    return ".tables." in name


def _of(side: Side, features: Sequence[Feature]) -> list[Feature]:
    return [feature for feature in features if feature.side == side]


def _initialise(ranker: nn.Module, generator: torch.Generator) -> None:
    for name, parameter in ranker.named_parameters():
        with torch.no_grad():
            if is_table(name):
                nn.init.uniform_(parameter, -0.05, 0.05, generator=generator)
                # The row of unseen ids learns from rare ones, where the encoder makes these unseen,
                # and from nothing otherwise: then it must not be a random vector.
                parameter[0] = 0
            elif parameter.ndim == 2:
                nn.init.kaiming_uniform_(parameter, nonlinearity="relu", generator=generator)
            else:
                nn.init.zeros_(parameter)
