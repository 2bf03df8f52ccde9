"""Made lists, scored by a model and by its exported file: a file that disagrees is not kept."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ltr.data.batch import RankingBatch
from ltr.data.manifest import Feature, Side
from ltr.data.sparse import KeyedJaggedTensor, keyed_jagged
from ltr.exported import Exported
from ltr.exported.columns import Encoded
from ltr.exported.tables import Floats, Integers

LENGTHS = np.array([3, 0, 1, 12, 2], np.int64)
"""Of the lists; not the sizes that the graph was traced with."""
TOLERANCE = 1e-4
"""Made numbers lie within 3 deviations, but nothing bounds the weights of a model."""


def worst_error(file: Path, ranker: nn.Module, features: Sequence[Feature]) -> float:
    """The largest difference of two scores, as a share of the larger score where that is above 1.

    Args:
        file: With tables in float32.
        ranker: The model that it was made of, plain.
        features: Of the model.
    """
    lists = made_lists(features)
    found = Exported.load(file).score_encoded(lists)
    with torch.no_grad():
        wanted = ranker(batch_of(lists, features)).float().numpy()
    return float((np.abs(found - wanted) / np.maximum(np.abs(wanted), 1)).max())


def made_lists(features: Sequence[Feature]) -> Encoded:
    """Lists with any ids of the tables, and numbers of the normal distribution."""
    random = np.random.default_rng(0)
    numbers, weights = {}, dict[str, Floats]()
    ids = dict[str, tuple[Integers, Integers | None]]()
    for one in features:
        rows = int(LENGTHS.sum()) if one.side == "document" else len(LENGTHS)
        if one.size is None:
            numbers[one.column] = random.normal(size=rows).clip(-3, 3).astype(np.float32)
            continue
        lengths = random.integers(0, 4, rows) if one.kind == "ids" else None
        count = rows if lengths is None else int(lengths.sum())
        ids[one.column] = random.integers(0, one.size, count), lengths
        if one.weighted:
            weights[one.column] = (random.integers(0, 4, count) / 2).astype(np.float32)
    return Encoded(LENGTHS, numbers, ids, weights)


def batch_of(lists: Encoded, features: Sequence[Feature]) -> RankingBatch:
    """The same lists as the batch that a model reads."""
    docs, count = int(lists.lengths.sum()), len(lists.lengths)
    return RankingBatch(
        grades=torch.zeros(docs),
        lengths=torch.from_numpy(lists.lengths),
        query_dense=_dense(lists, features, "query", count),
        document_dense=_dense(lists, features, "document", docs),
        query_sparse=_sparse(lists, features, "query"),
        document_sparse=_sparse(lists, features, "document"),
    )


def _dense(lists: Encoded, features: Sequence[Feature], side: Side, rows: int) -> torch.Tensor:
    own = [
        torch.from_numpy(lists.numbers[one.column])
        for one in features
        if one.side == side and one.size is None
    ]
    return torch.stack(own, dim=1) if own else torch.zeros(rows, 0)


def _sparse(lists: Encoded, features: Sequence[Feature], side: Side) -> KeyedJaggedTensor | None:
    own = [one for one in features if one.side == side and one.size is not None]
    columns, weights = [], []
    for one in own:
        ids, lengths = lists.ids[one.column]
        each = np.ones(len(ids), np.int64) if lengths is None else lengths
        columns.append((torch.from_numpy(ids), torch.from_numpy(each)))
        of_ids = lists.weights[one.column] if one.weighted else np.ones(len(ids), np.float32)
        weights.append(torch.from_numpy(of_ids))
    names, have = [one.column for one in own], any(one.weighted for one in own)
    return keyed_jagged(names, columns, weights if have else None) if names else None
