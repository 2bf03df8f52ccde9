"""``ltr export``: a model with its encoder in, one file out that scores rows by itself."""

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from ltr.atomic import sync
from ltr.data.manifest import Feature, Side, checksum
from ltr.exported.model import FORMAT
from ltr.towers.onnx_graph import onnx_graph
from ltr.towers.quantise import TableForm, quantised
from ltr.towers.traceable import Traceable
from ltr.training import ModelCard, ModelError, load_ranker
from ltr.training.checkpoint import ENCODER, WEIGHTS
from pipelines.encoder import Encoder, portable
from pipelines.progress import Progress


@dataclass(frozen=True, slots=True)
class ExportJob:
    """What to write.

    Attributes:
        model: Folder of the model, or a link to it.
        encoder: Folder of its encoder; None: the model's own copy.
        out: The file.
        tables: How to write the embedding tables.
    """

    model: Path
    out: Path
    encoder: Path | None = None
    tables: TableForm = "float32"


def run(job: ExportJob, progress: Progress) -> str:
    """Write the file and say what was written.

    Raises:
        ModelError: There is no model, its layers cannot be traced, or the encoder is another one.
        EncoderError: There is no encoder.
    """
    # A version of the folder: a run may replace it meanwhile.
    folder = job.model.resolve()
    card = ModelCard.load(folder)
    encoder = Encoder.load(job.encoder or folder / ENCODER)
    if encoder.fingerprint != card.encoder:
        rule = "must be the one of the model's training"
        msg = f"the encoder {rule}; the model has {card.encoder}, it has {encoder.fingerprint}"
        raise ModelError(msg)
    with progress.step("trace"):
        tensors, about = _layers(folder, card, job.tables)
    columns, arrays = portable(encoder.columns)
    tensors |= {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    about |= {"columns": columns, "numbers": _numbers(card.features)}
    about["made_by"] = {
        "weights": checksum(folder / WEIGHTS),
        "encoder": card.encoder,
        "tables": job.tables,
    }
    with progress.step("write"):
        _write(job.out, tensors, {"format": FORMAT, "model": json.dumps(about)})
    megabytes = job.out.stat().st_size / 1e6
    return f"wrote {job.out}\n{megabytes:,.1f} MB, tables in {job.tables}"


def _layers(
    folder: Path, card: ModelCard, form: TableForm
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The graph and the tables, and how the graph reads these."""
    numbers = _numbers(card.features)
    try:
        traceable = Traceable(load_ranker(folder))
        graph = onnx_graph(
            traceable,
            query_numbers=len(numbers["query"]),
            document_numbers=len(numbers["document"]),
        )
    except ModelError:
        raise
    except ValueError as error:
        msg = f"{folder} cannot be exported: {card.recipe.towers.name}: {error}"
        raise ModelError(msg) from error
    tensors = {"graph": torch.frombuffer(bytearray(graph), dtype=torch.uint8)}
    for name, table in traceable.tables.items():
        for part, tensor in quantised(table, form).items():
            tensors["/".join(filter(None, ("table", name, part)))] = tensor
    lookups = [
        {"input": one.input, "column": one.column, "table": one.table, "mean": one.mean}
        for one in traceable.lookups
    ]
    return tensors, {"lookups": lookups}


def _numbers(features: Iterable[Feature]) -> dict[Side, list[str]]:
    """The columns of numbers of each side, in the order in which the towers read them."""
    numbers = [one for one in features if one.size is None]
    sides: tuple[Side, ...] = ("query", "document")
    return {side: [one.column for one in numbers if one.side == side] for side in sides}


def _write(out: Path, tensors: dict[str, Tensor], texts: dict[str, str]) -> None:
    with _replaced(out) as unfinished:
        try:
            save_file(tensors, unfinished, texts)
        except SafetensorError as error:
            # Of what can go wrong in writing tensors, the disk alone is told by this type.
            msg = f"{out}: {error}"
            raise OSError(msg) from error
        sync(unfinished)


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """Give a file beside ``path`` that takes its place if all goes well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
