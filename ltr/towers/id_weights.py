"""How much each id counts in the vector of its row, where columns of ids have weights."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ltr.data.manifest import Feature
from ltr.data.sparse import KeyedJaggedTensor
from ltr.recipe import TableConfig, TowersConfig


class IdWeights(nn.Module):
    """Weights as some tables want them: what each vector is multiplied by before all are added up.

    Tables of which a column has weights add vectors up, whatever their pooling. That of ids with
    the vectors v and the weights w (1 without weights) is then::

        sum    sum(w v)
        mean   sum(w v) / sum(w)     a row whose weights are all 0 gets zeros, as one without ids

    torchrec's own weighted mean would be sum(w v) / n: a row whose weights are all halved would get
    half the vector, and a mean would be none.

    Args:
        features: Those that look ids up in the tables, and maybe others.
        config: Says how each table is pooled.

    Attributes:
        columns: Those of ids, whether they have weights or not.
        means: Of these, whose vectors are averaged.
        weighted: Of these, whose ids have weights.
    """

    def __init__(self, features: Sequence[Feature], config: TowersConfig) -> None:
        super().__init__()
        ids = [feature for feature in features if feature.size is not None]
        self.columns = frozenset(feature.column for feature in ids)
        self.means = frozenset(
            feature.column
            for feature in ids
            if config.tables.get(feature.table, TableConfig()).pooling == "mean"
        )
        self.weighted = frozenset(feature.column for feature in ids if feature.weighted)

    def forward(self, ids: KeyedJaggedTensor) -> KeyedJaggedTensor:
        """The same ids with the weights that the tables want."""
        keys = ids.keys()
        weights = ids.weights_or_none()
        weights = torch.ones_like(ids.values(), dtype=torch.float32) if weights is None else weights
        lengths = ids.lengths().view(len(keys), -1)
        parts = weights.split(ids.length_per_key())
        scaled = [
            _scaled(part, of_rows) if key in self.means else part
            for key, part, of_rows in zip(keys, parts, lengths, strict=True)
        ]
        return KeyedJaggedTensor(
            keys=keys, values=ids.values(), weights=torch.cat(scaled), lengths=ids.lengths()
        )


def id_weights(features: Sequence[Feature], config: TowersConfig) -> IdWeights | None:
    """The weights for the tables of these features; None where they want none.

    Ids of other features of the same side may have some. Those of these are 1 then, and change
    nothing.
    """
    return IdWeights(features, config) if is_weighted(features) else None


def is_weighted(features: Sequence[Feature]) -> bool:
    """Whether tables that these features share are looked up with weights."""
    return any(feature.weighted for feature in features)


def _scaled(weights: Tensor, lengths: Tensor) -> Tensor:
    """Weights that sum to 1 in every row, or are all 0."""
    # In twice the bits, in which no sum of finite weights overflows.
    sums = torch.segment_reduce(weights.double(), "sum", lengths=lengths, unsafe=True)
    each = sums.repeat_interleave(lengths, output_size=len(weights))
    return torch.where(each > 0, weights / each, 0.0).float()
