"""Put the batch aside that a training stopped at, so that somebody can look at it.

::

    nonfinite/
      batch.safetensors   the batch's tensors, by the names of `RankingBatch`
      batch.json          which lists it holds, and where a value is not finite
"""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from safetensors.torch import save_file
from torch import Tensor, nn

from ltr.atomic import open_to_readers, replace_folder
from ltr.data.batch import RankingBatch
from ltr.data.reader import Lists
from ltr.data.sparse import KeyedJaggedTensor


def put_aside(
    target: Path, batch: RankingBatch, lists: Lists, model: nn.Module, said: dict[str, Any]
) -> Path:
    """Write this rank's share of a batch, and say where a value is not finite.

    Args:
        target: The folder of rank 0; other ranks put their number behind its name.
        batch: On the CPU, as it was read.
        lists: Where it was read from.
        model: As it is now; its weights and gradients are looked at.
        said: What else to write down, e.g. the epoch.

    Returns:
        The folder that was written.
    """
    rank = dist.get_rank()
    folder = target if rank == 0 else target.with_name(f"{target.name}-rank{rank}")
    assert batch.numbers is not None
    ids, lengths = lists.query_ids(batch.numbers), batch.lengths.tolist()
    record = said | {
        "rank": rank,
        "lists": [
            {"number": number, "query_id": query, "documents": length}
            for number, query, length in zip(batch.numbers.tolist(), ids, lengths, strict=True)
        ],
        "not_finite": {
            "features": _features(batch, lists, ids),
            "weights": _weights(model),
            "gradients": _gradients(model),
        },
    }
    with replace_folder(folder) as new:
        save_file(_tensors(batch), new / "batch.safetensors")
        open_to_readers(new / "batch.safetensors")
        (new / "batch.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return folder


def _tensors(batch: RankingBatch) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for field in fields(batch):
        part = getattr(batch, field.name)
        if isinstance(part, Tensor):
            tensors[field.name] = part.contiguous()
        elif isinstance(part, KeyedJaggedTensor):
            of = [part[key] for key in part.keys()]  # noqa: SIM118 - it is no mapping
            for key, jagged in zip(part.keys(), of, strict=True):
                tensors[f"{key}.ids"] = jagged.values().clone()
                tensors[f"{key}.lengths"] = jagged.lengths().clone()
                if (weights := jagged.weights_or_none()) is not None:
                    tensors[f"{key}.weights"] = weights.clone()
    return tensors


def _features(batch: RankingBatch, lists: Lists, ids: list[str]) -> dict[str, list[str]]:
    """Queries with a value that is not finite, by number."""
    of_document = torch.arange(len(batch.lengths)).repeat_interleave(batch.lengths)
    own = {
        "query": (batch.query_dense, torch.arange(len(batch.lengths))),
        "document": (batch.document_dense, of_document),
    }
    found: dict[str, list[str]] = {}
    for side, (values, list_of_row) in own.items():
        names = [
            feature.column
            for feature in lists.manifest.features
            if feature.side == side and feature.kind == "number"
        ]
        for name, column in zip(names, values.t(), strict=True):
            if len(rows := list_of_row[~column.isfinite()]):
                found[name] = [ids[number] for number in sorted(set(rows.tolist()))]
    return found


def _weights(model: nn.Module) -> list[str]:
    """Names of the weights with a value that is not finite; of tables, this rank's shards."""
    found = []
    for name, weight in model.state_dict().items():
        sharded = hasattr(weight, "local_shards")
        parts = [shard.tensor for shard in weight.local_shards()] if sharded else [weight]
        if not all(bool(part.isfinite().all()) for part in parts):
            found.append(name)
    return found


def _gradients(model: nn.Module) -> list[str]:
    return [
        name
        for name, weight in model.named_parameters()
        if weight.grad is not None and not bool(weight.grad.isfinite().all())
    ]
