"""What a training without this library looks like: Dataset, DataLoader, padding, nn.EmbeddingBag.

Three ways to a list by its number, from the shortest to write to the fastest, a collate function
for batches as ours and one for padded batches, and the two towers of the sample as one module.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from ltr.data.batch import RankingBatch
from ltr.data.columns import as_tensor
from ltr.data.manifest import Feature, Manifest
from ltr.data.sparse import KeyedJaggedTensor
from ltr.recipe import Recipe, TowersConfig

Row = dict[str, Any]
Padded = dict[str, Tensor]
GRADE = "grade"
LENGTHS = "#lengths"
"""Ends the name of what says how many values each document (or list) has of a jagged column."""


class PythonLists(Dataset[Row]):
    """A list as Python objects, as a reader of Parquet or Arrow gives them."""

    def __init__(self, folder: Path, features: tuple[Feature, ...]) -> None:
        self.columns = [GRADE, *(feature.column for feature in features)]
        self.table = _table(folder).select(self.columns)

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, number: int) -> Row:
        """One row of the table."""
        row: Row = self.table.slice(number, 1).to_pylist()[0]
        return row


class ArrowLists(Dataset[Row]):
    """A list as tensors, each made from its row of the memory-mapped column."""

    def __init__(self, folder: Path, features: tuple[Feature, ...]) -> None:
        table = _table(folder)
        self.grade = table[GRADE].combine_chunks()
        self.columns = [(one, table[one.column].combine_chunks()) for one in features]

    def __len__(self) -> int:
        return len(self.grade)

    def __getitem__(self, number: int) -> Row:
        """A tensor per column, and for a jagged one its lengths."""
        row = {GRADE: as_tensor(self.grade[number].values)}
        for feature, column in self.columns:
            cell = column[number]
            if not isinstance(cell, pa.ListScalar):
                row[feature.column] = torch.tensor([cell.as_py()])
            elif not pa.types.is_list(cell.type.value_type):
                row[feature.column] = as_tensor(cell.values)
            else:
                row[feature.column] = as_tensor(cell.values.flatten())
                lengths = cell.values.value_lengths()
                row[feature.column + LENGTHS] = as_tensor(lengths)
        return row


class MemoryLists(Dataset[Row]):
    """A list as slices of tensors, for which the whole split is copied into memory first."""

    def __init__(self, folder: Path, features: tuple[Feature, ...]) -> None:
        table = _table(folder)
        grade = table[GRADE].combine_chunks()
        self.starts = grade.offsets.to_pylist()
        self.on_lists: dict[str, Tensor] = {}
        self.on_documents = {GRADE: as_tensor(grade.values).clone()}
        self.jagged: dict[str, tuple[Tensor, list[int], Tensor]] = {}
        for feature in features:
            name, column = feature.column, table[feature.column].combine_chunks()
            if feature.side == "query":
                self.on_lists[name] = as_tensor(column).clone()
            elif feature.kind == "ids":
                values, inner = as_tensor(column.values.values), column.values.offsets
                lengths = as_tensor(inner).diff()
                self.jagged[name] = values.clone(), inner.to_pylist(), lengths
            else:
                self.on_documents[name] = as_tensor(column.values).clone()

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> Row:
        """Views: nothing is copied before the rows are collated."""
        start, end = self.starts[number], self.starts[number + 1]
        row = {name: values[start:end] for name, values in self.on_documents.items()}
        for name, values in self.on_lists.items():
            row[name] = values[number : number + 1]
        for name, (values, offsets, lengths) in self.jagged.items():
            row[name] = values[offsets[start] : offsets[end]]
            row[name + LENGTHS] = lengths[start:end]
        return row


def _table(folder: Path) -> pa.Table:
    shards = Manifest.load(folder).splits["train"].shards
    maps = [pa.memory_map(str(folder / shard.file)) for shard in shards]
    return pa.concat_tables([pa.ipc.open_file(one).read_all() for one in maps])


def ragged_batch(features: tuple[Feature, ...]) -> Callable[[list[Row]], RankingBatch]:
    """A collate function that makes the batch that we make."""

    def collate(rows: list[Row]) -> RankingBatch:
        if isinstance(rows[0][GRADE], list):
            rows = [_as_tensors(row, features) for row in rows]
        grades = torch.cat([row[GRADE] for row in rows]).float()
        parts: dict[str, Any] = {}
        for side in ("query", "document"):
            own = [feature for feature in features if feature.side == side]
            numbers = [_joined(rows, one.column) for one in own if one.kind == "number"]
            parts[f"{side}_dense"] = torch.stack(numbers, dim=1)
            ids = [feature for feature in own if feature.kind != "number"]
            values = [_joined(rows, one.column) for one in ids]
            lengths = [
                _joined(rows, one.column + LENGTHS)
                if one.kind == "ids"
                else torch.ones(len(numbers[0]), dtype=torch.int32)
                for one in ids
            ]
            parts[f"{side}_sparse"] = KeyedJaggedTensor(
                keys=[one.column for one in ids],
                values=torch.cat(values),
                lengths=torch.cat(lengths),
            )
        counts = torch.tensor([len(row[GRADE]) for row in rows])
        return RankingBatch(grades=grades, lengths=counts, **parts)

    return collate


def padded_batch(features: tuple[Feature, ...]) -> Callable[[list[Row]], Padded]:
    """A collate function that fills every list up to the longest of the batch."""

    def collate(rows: list[Row]) -> Padded:
        if isinstance(rows[0][GRADE], list):
            rows = [_as_tensors(row, features) for row in rows]
        lengths = torch.tensor([len(row[GRADE]) for row in rows])
        batch = {GRADE: pad_sequence([row[GRADE] for row in rows], batch_first=True).float()}
        batch["mask"] = torch.arange(batch[GRADE].shape[1]) < lengths[:, None]
        for feature in features:
            name = feature.column
            if feature.kind == "ids":
                batch[name] = _joined(rows, name)
                counts = pad_sequence([row[name + LENGTHS] for row in rows], batch_first=True)
                batch[name + LENGTHS] = counts.flatten()
            elif feature.side == "query":
                batch[name] = _joined(rows, name)
            else:
                batch[name] = pad_sequence([row[name] for row in rows], batch_first=True)
        return batch

    return collate


def _as_tensors(row: Row, features: tuple[Feature, ...]) -> Row:
    out = {GRADE: torch.tensor(row[GRADE])}
    for feature in features:
        name, cell = feature.column, row[feature.column]
        dtype = torch.float32 if feature.kind == "number" else torch.int64
        if feature.kind == "ids":
            out[name + LENGTHS] = torch.tensor([len(one) for one in cell], dtype=torch.int32)
            cell = [value for one in cell for value in one]
        out[name] = torch.tensor(cell if isinstance(cell, list) else [cell], dtype=dtype)
    return out


def _joined(rows: list[Row], name: str) -> Tensor:
    return torch.cat([row[name] for row in rows])


class PlainRanker(nn.Module):
    """The two towers and the scorer of `ltr.towers.Ranker`, over padded lists."""

    def __init__(
        self, features: tuple[Feature, ...], config: TowersConfig, *, sparse: bool
    ) -> None:
        super().__init__()
        self.sides = {
            side: [feature for feature in features if feature.side == side]
            for side in ("query", "document")
        }
        self.tables = nn.ModuleDict(
            {
                one.column: nn.EmbeddingBag(
                    one.size, config.embedding_dim, mode="mean", sparse=sparse
                )
                for one in features
                if one.size is not None
            }
        )
        sizes = {"query": config.query, "document": config.document}
        self.towers = nn.ModuleDict(
            {
                side: _mlp([sum(self._width(one, config) for one in own), *sizes[side]])
                for side, own in self.sides.items()
                if own
            }
        )
        num_vectors = 3 if self.sides["query"] else 1
        self.scorer = _mlp([num_vectors * config.document[-1], *config.scorer, 1])

    def forward(self, batch: Padded) -> Tensor:
        """Scores [lists, longest]."""
        lists, longest = batch[GRADE].shape
        document = self._vectors("document", batch).view(lists, longest, -1)
        if self.sides["query"]:
            query = self._vectors("query", batch)[:, None].expand_as(document)
            document = torch.cat([query, document, query * document], dim=2)
        scores: Tensor = self.scorer(document).squeeze(2)
        return scores

    def _vectors(self, side: str, batch: Padded) -> Tensor:
        inputs = [self._input(one, batch) for one in self.sides[side]]
        vectors: Tensor = self.towers[side](torch.cat(inputs, dim=1))
        return vectors

    def _input(self, feature: Feature, batch: Padded) -> Tensor:
        values = batch[feature.column]
        if feature.kind == "number":
            return values.view(-1, 1)
        if feature.kind == "id":
            pooled: Tensor = self.tables[feature.column](values.view(-1, 1))
            return pooled
        lengths = batch[feature.column + LENGTHS]
        means: Tensor = self.tables[feature.column](values, lengths.cumsum(0) - lengths)
        return means

    @staticmethod
    def _width(feature: Feature, config: TowersConfig) -> int:
        return 1 if feature.kind == "number" else config.embedding_dim


def _mlp(sizes: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for num_inputs, num_outputs in pairwise(sizes):
        layers += [nn.Linear(num_inputs, num_outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def sampled_cross_entropy(scores: Tensor, grades: Tensor, mask: Tensor, num_neg: int) -> Tensor:
    """Mean cross entropy of every positive among ``num_neg`` drawn documents of lower grade."""
    at, positive = ((grades > 0) & mask).nonzero(as_tuple=True)
    lower = (grades[at] < grades[at, positive][:, None]) & mask[at]
    has_any = lower.any(1)
    at, positive, lower = at[has_any], positive[has_any], lower[has_any]
    drawn = torch.multinomial(lower.float(), num_neg, replacement=True)
    picked = torch.cat([positive[:, None], drawn], dim=1)
    log_p = scores[at[:, None], picked].log_softmax(1)
    return -(grades[at[:, None], picked] * log_p).sum(1).mean()


def softmax_cross_entropy(scores: Tensor, grades: Tensor, mask: Tensor) -> Tensor:
    """Mean cross entropy of the grades' shares under the softmax of the scores."""
    log_p = scores.masked_fill(~mask, -torch.inf).log_softmax(1).masked_fill(~mask, 0)
    share = grades / grades.sum(1, keepdim=True).clamp(min=1)
    return -(share * log_p).sum(1).mean()


class PlainTrainer:
    """Adagrad for the tables, AdamW for the rest."""

    def __init__(
        self,
        model: PlainRanker,
        loss: Callable[[Tensor, Tensor, Tensor], Tensor],
        recipe: Recipe,
    ) -> None:
        self.model, self.loss = model, loss
        tables = list(model.tables.parameters())
        dense = [*model.towers.parameters(), *model.scorer.parameters()]
        self.optimizers = [
            torch.optim.Adagrad(tables, lr=recipe.training.table_learning_rate),
            torch.optim.AdamW(dense, lr=recipe.training.learning_rate, weight_decay=0),
        ]

    def step(self, batch: Padded) -> float:
        """Learn from one batch and give its loss."""
        loss = self.loss(self.model(batch), batch[GRADE], batch["mask"])
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        return float(loss.detach())


def loader(
    lists: Dataset[Row], collate: Callable[[list[Row]], Any], *, size: int
) -> DataLoader[Any]:
    """Shuffled batches."""
    return DataLoader(
        lists,
        batch_size=size,
        shuffle=True,
        collate_fn=collate,
    )


def forever(batches: DataLoader[Any]) -> Iterator[Any]:
    """Epoch after epoch."""
    while True:
        yield from batches
