"""A batch of rows that were never written as lists, for scoring."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ltr.data.batch import RankingBatch
from ltr.data.columns import Column
from ltr.data.manifest import Feature, Side
from ltr.data.sparse import KeyedJaggedTensor, keyed_jagged

Rows = Tensor | slice
"""The numbers of some rows, or from where to where they stand."""


def ungraded_batch(
    features: Sequence[Feature],
    columns: Mapping[str, Column],
    rows: Mapping[Side, Rows],
    lengths: Tensor,
) -> RankingBatch:
    """A batch of encoded rows that lie in memory; all its grades are 0.

    Args:
        features: What the model reads.
        columns: The encoded columns by the features' names.
        rows: Which rows of the columns to take, of each side.
        lengths: [lists], documents per list.

    Example:
        >>> price = Feature(side="document", name="price", kind="number")
        >>> columns = {price.column: Column(torch.tensor([1.0, 2.0, 3.0]))}
        >>> rows = {"query": slice(0, 1), "document": torch.tensor([2, 0])}
        >>> ungraded_batch([price], columns, rows, lengths=torch.tensor([2])).document_dense
        tensor([[3.],
                [1.]])
    """
    docs = int(lengths.sum())
    query = [feature for feature in features if feature.side == "query"]
    document = [feature for feature in features if feature.side == "document"]
    return RankingBatch(
        grades=torch.zeros(docs),
        lengths=lengths,
        query_dense=_numbers(query, columns, rows["query"], len(lengths)),
        document_dense=_numbers(document, columns, rows["document"], docs),
        query_sparse=_ids(query, columns, rows["query"], len(lengths)),
        document_sparse=_ids(document, columns, rows["document"], docs),
    )


def _numbers(
    features: Sequence[Feature], columns: Mapping[str, Column], rows: Rows, num_rows: int
) -> Tensor:
    """[rows, numbers] float32."""
    own = [columns[one.column].values[rows] for one in features if one.kind == "number"]
    return torch.stack(own, dim=1) if own else torch.empty(num_rows, 0)


def _ids(
    features: Sequence[Feature], columns: Mapping[str, Column], rows: Rows, num_rows: int
) -> KeyedJaggedTensor | None:
    own = [one for one in features if one.kind != "number"]
    if not own:
        return None
    one_each = torch.ones(num_rows, dtype=torch.int64)
    ids = [_values(columns[one.column], rows, one_each) for one in own]
    weights = None
    if any(one.weighted for one in own):
        weights = [
            torch.ones(len(values))
            if one.weights_column is None
            else _values(columns[one.weights_column], rows, one_each)[0]
            for one, (values, _) in zip(own, ids, strict=True)
        ]
    return keyed_jagged([one.column for one in own], ids, weights)


def _values(column: Column, rows: Rows, one_each: Tensor) -> tuple[Tensor, Tensor]:
    """The values of some rows, and how many each row has."""
    if column.offsets is None:
        return column.values[rows], one_each
    if isinstance(rows, Tensor):
        return column.take(rows)
    offsets = column.offsets[rows.start : rows.stop + 1].long()
    return column.values[int(offsets[0]) : int(offsets[-1])], offsets.diff()
