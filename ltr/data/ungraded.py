"""A batch of rows that were never written as lists, for scoring."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ltr.data.batch import RankingBatch
from ltr.data.columns import Column
from ltr.data.manifest import Feature, Side
from ltr.data.reader import SIDES, SideOfBatch


def ungraded_batch(
    features: Sequence[Feature],
    columns: Mapping[str, Column],
    rows: Mapping[Side, Tensor],
    lengths: Tensor,
) -> RankingBatch:
    """A batch of encoded rows that lie in memory, for scoring: all its grades are 0.

    Args:
        features: What the model reads.
        columns: The encoded columns by the features' names.
        rows: Which rows of the columns to take, of each side.
        lengths: [lists], documents per list.

    Example:
        >>> price = Feature(side="document", name="price", kind="number")
        >>> columns = {price.column: Column(torch.tensor([1.0, 2.0, 3.0]))}
        >>> rows = {"query": torch.tensor([0]), "document": torch.tensor([2, 0])}
        >>> batch = ungraded_batch([price], columns, rows, lengths=torch.tensor([2]))
        >>> batch.document_dense
        tensor([[3.],
                [1.]])
    """
    query, document = (SideOfBatch(features, side, [(columns, rows[side])]) for side in SIDES)
    return RankingBatch(
        grades=torch.zeros(len(rows["document"])),
        lengths=lengths,
        query_dense=query.numbers(),
        document_dense=document.numbers(),
        query_sparse=query.ids(),
        document_sparse=document.ids(),
    )
