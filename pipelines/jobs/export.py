"""``ltr export``: a model with its encoder in, one file out that scores rows by itself."""

import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from ltr.atomic import open_to_readers, replace_file
from ltr.data.manifest import Feature, Side, checksum
from ltr.exported.model import ABOUT, FORMAT
from ltr.towers.onnx_graph import ExportError, onnx_graph
from ltr.towers.quantise import TableForm, quantised
from ltr.towers.traceable import Lookup, Traceable
from ltr.training import ModelCard, ModelError, load_ranker
from ltr.training.checkpoint import ENCODER, WEIGHTS
from pipelines.encoder import Encoder, portable
from pipelines.errors import JobError
from pipelines.jobs.export_check import TOLERANCE, worst_error
from pipelines.progress import Progress


@dataclass(frozen=True, slots=True)
class ExportJob:
    """What to write.

    Attributes:
        model: Folder of the model, or a link to it.
        out: The file.
        tables: How to write the embedding tables.
    """

    model: Path
    out: Path
    tables: TableForm = "float32"


def run(job: ExportJob, progress: Progress) -> str:
    """Write the file and say what was written.

    Before, the file is compared with the model, both on made lists.

    Raises:
        ModelError: There is no model, its layers cannot be traced, the graph gives other scores, or
            the encoder is another one.
        EncoderError: The model has no encoder.
        JobError: A package is not installed.
    """
    _check_installed()
    # A version of the folder: a run may replace it meanwhile.
    folder = job.model.resolve()
    card = ModelCard.load(folder)
    encoder = _encoder(folder, card)
    with progress.step("trace"):
        content = _content(folder, card, encoder)
    with progress.step("check"), tempfile.TemporaryDirectory() as scratch:
        _check(content, Path(scratch, "model"), folder, card)
    with progress.step("write"), replace_file(job.out) as unfinished:
        content.write(unfinished, job.tables)
    megabytes = job.out.stat().st_size / 1e6
    return f"wrote {job.out}\n{megabytes:,.1f} MB, tables in {job.tables}"


@dataclass(frozen=True, slots=True, eq=False)
class _Content:
    """All that a file holds."""

    tensors: Mapping[str, Tensor]
    tables: Mapping[str, Tensor]
    about: Mapping[str, Any]
    made_by: Mapping[str, str]

    def write(self, path: Path, form: TableForm) -> None:
        """Write it with tables in a form."""
        tensors = dict(self.tensors)
        for name, table in self.tables.items():
            for part, tensor in quantised(table, form).items():
                tensors["/".join(filter(None, ("table", name, part)))] = tensor
        about = {"format": FORMAT, **self.about, "made_by": {**self.made_by, "tables": form}}
        try:
            # One text: safetensors writes several in any order.
            save_file(tensors, path, {ABOUT: json.dumps(about)})
            open_to_readers(path)
        except SafetensorError as error:
            # Of what can go wrong in writing tensors, the disk alone is told by this type.
            msg = f"{path}: {error}"
            raise OSError(msg) from error


def _check_installed() -> None:
    for name in ("onnx", "onnxruntime", "onnxscript"):
        if find_spec(name) is None:
            rule = "it needs the extra: pip install 'ltr[export]'"
            msg = f"ltr export: {name} is not installed; {rule}"
            raise JobError(msg)


def _encoder(folder: Path, card: ModelCard) -> Encoder:
    encoder = Encoder.load(folder / ENCODER)
    if encoder.fingerprint != card.encoder:
        msg = (
            f"{folder / ENCODER} must be the one of the model's training; the model has "
            f"{card.encoder}, it has {encoder.fingerprint}"
        )
        raise ModelError(msg)
    return encoder


def _content(folder: Path, card: ModelCard, encoder: Encoder) -> _Content:
    numbers, ranker = _numbers(card.features), load_ranker(folder)
    try:
        traceable = Traceable(ranker)
        counts = {side: len(names) for side, names in numbers.items()}
        graph = onnx_graph(
            traceable, query_numbers=counts["query"], document_numbers=counts["document"]
        )
    except (ExportError, TypeError) as error:
        msg = f"{folder} cannot be exported: {card.recipe.towers.name}: {error}"
        raise ModelError(msg) from error
    columns, arrays = portable(encoder.columns)
    tensors = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    tensors["graph"] = torch.frombuffer(bytearray(graph), dtype=torch.uint8)
    lookups = list(map(_described, traceable.lookups))
    about = {"columns": columns, "numbers": numbers, "lookups": lookups}
    made_by = {"weights": checksum(folder / WEIGHTS), "encoder": card.encoder}
    return _Content(tensors, traceable.tables, about, made_by)


def _described(lookup: Lookup) -> dict[str, Any]:
    about = asdict(lookup)
    del about["dim"]  # the table's shape tells it
    if not lookup.weighted:
        del about["weighted"]
    return about


def _numbers(features: Iterable[Feature]) -> dict[Side, list[str]]:
    """The columns of numbers of each side, in the order in which the towers read them."""
    numbers = [one for one in features if one.size is None]
    sides: tuple[Side, ...] = ("query", "document")
    return {side: [one.column for one in numbers if one.side == side] for side in sides}


def _check(content: _Content, scratch: Path, folder: Path, card: ModelCard) -> None:
    """Refuse a graph that does not compute what the model does."""
    content.write(scratch, "float32")
    error = worst_error(scratch, load_ranker(folder), card.features)
    if not error <= TOLERANCE:
        rule = "the graph must give the scores of the model"
        msg = f"{folder} cannot be exported: {rule}; on made lists they differ by {error:.1e}"
        raise ModelError(msg)
