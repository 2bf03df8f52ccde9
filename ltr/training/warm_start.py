"""Begin a training with an earlier model, though ids have come and gone since.

The rows of a table follow their ids, and so does what the optimizers know of each row. A row whose
id is new begins as it would in a new model; that of an id that is gone is given up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ltr.data.manifest import Feature, Manifest, checksum
from ltr.recipe import Recipe
from ltr.towers import table_columns
from ltr.training.checkpoint import (
    WEIGHTS,
    ModelCard,
    ModelError,
    Parent,
    TableRows,
    load_optimizer,
)

FREE = frozenset({"dropout"})
"""Keys of the towers that no weight depends on."""


@dataclass(frozen=True, slots=True)
class WarmStart:
    """The model to begin with, and which of its rows each row of today's tables comes from.

    Attributes:
        model: Its folder.
        rows: Per column of ids [size] int64: row i of today's table comes from row ``rows[i]`` of
            the model's, or is new where that is -1. None if the same encoder made both lists.
    """

    model: Path
    rows: Mapping[str, Tensor] | None = None


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What a training takes over: the state of the optimizers, and the record of it all."""

    parent: Parent
    state: dict[str, Tensor]

    @classmethod
    def into(cls, ranker: nn.Module, start: WarmStart, manifest: Manifest, recipe: Recipe) -> Self:
        """Put the weights of the earlier model into a new one.

        Args:
            ranker: With its initial weights, which new rows keep.
            start: What to begin with.
            manifest: Of the lists to train on.
            recipe: Of the training.

        Raises:
            ModelError: There is no model, its features or its towers are others, or the rows do
                not fit; the message names what differs.
        """
        card = ModelCard.load(start.model)
        check_parent(card, manifest.features, recipe)
        rows = {
            name: _rows_of(columns, start, card, manifest)
            for name, columns in table_columns(ranker).items()
        }
        old = _load(start.model / WEIGHTS)
        for name, weight in ranker.state_dict().items():
            _take(name, weight, old, rows)
        state = load_optimizer(start.model)
        same_tables = card.recipe.training.table_optimizer == recipe.training.table_optimizer
        parent = Parent(
            weights=checksum(start.model / WEIGHTS),
            encoder=card.encoder,
            tables=_counts(rows, table_columns(ranker)),
            optimizer=bool(state) and same_tables,
        )
        return cls(parent, _follow(state, rows, keep_tables=same_tables))


def check_parent(card: ModelCard, features: Sequence[Feature], recipe: Recipe) -> None:
    """Refuse a model whose weights have another place or shape than those to be trained.

    Raises:
        ModelError: Features have come, gone, changed their kind or their order, or towers differ.
    """
    if odd := _odd_features(card.features, features):
        msg = f"a warm start needs the features of the model it begins with: {'; '.join(odd)}"
        raise ModelError(msg)
    theirs = card.recipe.towers.model_dump(exclude=set(FREE))
    ours = recipe.towers.model_dump(exclude=set(FREE))
    if odd := sorted(_odd_keys("towers", ours, theirs)):
        msg = f"a warm start needs the towers of the model it begins with: {'; '.join(odd)}"
        raise ModelError(msg)


def _odd_features(before: Sequence[Feature], now: Sequence[Feature]) -> list[str]:
    theirs = {feature.column: feature.kind for feature in before}
    ours = {feature.column: feature.kind for feature in now}
    odd = [f"{column} is not in today's lists" for column in theirs if column not in ours]
    odd += [f"{column} is new" for column in ours if column not in theirs]
    odd += [
        f"{column} is {kind} and was {theirs[column]}"
        for column, kind in ours.items()
        if column in theirs and theirs[column] != kind
    ]
    tables = {feature.column: feature.table for feature in before}
    odd += [
        f"{feature.column} uses the table of {feature.table} and did not"
        for feature in now
        if feature.column in tables and tables[feature.column] != feature.table
    ]
    weighted = {feature.column: feature.weighted for feature in before}
    odd += [
        f"{feature.column} {'has weights and had none' if feature.weighted else 'had weights'}"
        for feature in now
        if weighted.get(feature.column, feature.weighted) != feature.weighted
    ]
    if not odd and list(ours) != list(theirs):
        moved = next(a for a, b in zip(ours, theirs, strict=True) if a != b)
        odd = [f"they stand in another order, from {moved} on"]
    return odd


def _odd_keys(key: str, ours: Any, theirs: Any) -> list[str]:  # noqa: ANN401 - JSON of any form
    if ours == theirs:
        return []
    if isinstance(ours, dict) and isinstance(theirs, dict):
        names = sorted({*ours, *theirs})
        return [
            odd
            for name in names
            for odd in _odd_keys(f"{key}.{name}", ours.get(name), theirs.get(name))
        ]
    return [f"{key} is {_plain(ours)} and was {_plain(theirs)}"]


def _plain(value: object) -> str:
    return repr(list(value) if isinstance(value, tuple) else value)


def _rows_of(
    columns: tuple[str, ...], start: WarmStart, card: ModelCard, manifest: Manifest
) -> Tensor:
    """Where the rows of one table come from."""
    sizes = {feature.column: feature.size for feature in manifest.features}
    before = {feature.column: feature.size for feature in card.features}
    column = columns[0]
    size, limit = sizes[column] or 0, before[column] or 0
    if start.rows is None:
        if card.encoder != manifest.encoder:
            rule = "the rows of a model's tables follow their ids only if it is told which is which"
            found = f"{card.encoder}, the lists have {manifest.encoder}"
            msg = f"{rule}; rows are None, and the model has encoder {found}"
            raise ModelError(msg)
        return torch.arange(size)
    rows = start.rows.get(column)
    if rows is None or rows.shape != (size,):
        found = "none" if rows is None else f"{list(rows.shape)}"
        msg = f"the rows of {column} must have the shape [{size}] of its table; got {found}"
        raise ModelError(msg)
    if size and not -1 <= int(rows.min()) <= int(rows.max()) < limit:
        found = f"{int(rows.min())} to {int(rows.max())}"
        msg = f"the rows of {column} must be from -1 to {limit - 1}; got {found}"
        raise ModelError(msg)
    return rows


def _load(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        msg = f"{path} does not hold the weights of a model: {error}"
        raise ModelError(msg) from error


def _take(name: str, weight: Tensor, old: Mapping[str, Tensor], rows: Mapping[str, Tensor]) -> None:
    """Replace a weight by the earlier one; of a table, the rows that have one."""
    free = int(name in rows)
    if name not in old or old[name].shape[free:] != weight.shape[free:]:
        found = list(old[name].shape) if name in old else "none"
        msg = f"the weight {name} of the model must be like {list(weight.shape)}; got {found}"
        raise ModelError(msg)
    if name in rows:
        known = rows[name] >= 0
        weight[known] = old[name][rows[name][known]]
    else:
        weight.copy_(old[name])


def _follow(
    state: Mapping[str, Tensor], rows: Mapping[str, Tensor], *, keep_tables: bool
) -> dict[str, Tensor]:
    """The state of the optimizers for today's rows: that of a new row is zero, as at the start."""
    followed: dict[str, Tensor] = {}
    for slot, value in state.items():
        where = rows.get(slot.rpartition(".")[0])
        if where is None or (keep_tables and not value.dim()):
            followed[slot] = value
        elif keep_tables:
            followed[slot] = value.new_zeros(len(where), *value.shape[1:])
            known = where >= 0
            followed[slot][known] = value[where[known]]
    return followed


def _counts(
    rows: Mapping[str, Tensor], columns: Mapping[str, tuple[str, ...]]
) -> dict[str, TableRows]:
    kept = {name: int((where >= 0).sum()) for name, where in rows.items()}
    return {
        ",".join(columns[name]): TableRows(kept=kept[name], new=len(where) - kept[name])
        for name, where in rows.items()
    }
