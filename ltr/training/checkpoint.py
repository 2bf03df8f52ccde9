"""A trained model on disk: weights as plain tensors, and what is needed to use them.

``model.safetensors`` holds the weights, ``model.json`` (`ModelCard`) the features and sizes that
they belong to, ``history.json`` one record per epoch. A later training that begins with the model
reads ``optimizer.safetensors``, the state of the optimizers, and ``encoder/``, a copy of what
encoded the lists. ``job.json`` is the job that made the lists: it says which columns of a log tell
queries and documents apart. Nothing is pickled: loading a model runs no code of its author.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ltr.atomic import open_to_readers
from ltr.data.manifest import Feature, Manifest
from ltr.errors import LtrError, first_failure
from ltr.recipe import Recipe
from ltr.towers import make_ranker, table_columns
from ltr.towers.by_name import BUILT_IN

FORMAT: Final = "ltr-model/1"
WEIGHTS = "model.safetensors"
OPTIMIZER = "optimizer.safetensors"
ENCODER = "encoder"
CARD = "model.json"
HISTORY = "history.json"
JOB = "job.json"

T = TypeVar("T")


class ModelError(LtrError, ValueError):
    """A folder cannot be read as a model, or the model does not fit the lists."""


class EpochRecord(BaseModel):
    """What one epoch came to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epoch: Annotated[int, Field(ge=1)]
    train_loss: float
    """Mean over the lists (or blocks) of the epoch, each at the time of its own step."""
    validation_ndcg: float
    """Mean NDCG@10 over the validation lists that have a grade above 0."""
    is_best: bool
    """Whether it was the best so far, so that its weights were kept."""
    validation_value: float | None = None
    """Of the metric by which epochs are compared, where that is not NDCG@10."""

    @property
    def value(self) -> float:
        """What it is compared by."""
        return self.validation_ndcg if self.validation_value is None else self.validation_value


class TableRows(BaseModel):
    """Where the rows of an embedding table came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kept: Annotated[int, Field(ge=0)]
    """Rows of the parent's table that the same ids have now."""
    new: Annotated[int, Field(ge=0)]
    """Rows that began with initial weights."""


class Parent(BaseModel):
    """The model that a training began with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: str
    """SHA-256 of its ``model.safetensors``."""
    encoder: str
    """Fingerprint of the encoder of the lists it was trained on."""
    tables: dict[str, TableRows]
    """By column; columns that share a table are joined by a comma."""
    optimizer: bool
    """Whether the state of the optimizers came over, too, and not the weights alone."""


class ModelCard(BaseModel):
    """The whole of ``model.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["ltr-model/1"] = FORMAT
    features: tuple[Feature, ...]
    encoder: str
    """Fingerprint of the encoder of the lists it was trained on."""
    grading: dict[str, JsonValue]
    """How the grades of those lists came about; see `Manifest.grading`."""
    recipe: Recipe
    best_epoch: int
    validation_ndcg: float
    """Of the best epoch."""
    parent: Parent | None = None
    """The model that the training began with; None where it began with initial weights."""

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read ``model.json`` of a model.

        Raises:
            ModelError: It is missing or not valid.
        """
        return _read(Path(folder) / CARD, TypeAdapter(cls))

    def check_lists(self, manifest: Manifest) -> None:
        """Refuse lists whose ids, numbers or grades mean something else to this model.

        Lists of other days pass, as long as they were encoded and graded alike.

        Raises:
            ModelError: The features differ, another encoder made them, or other rules grade them.
        """
        if manifest.features != self.features:
            odd = sorted(feature.column for feature in {*manifest.features} ^ {*self.features})
            msg = f"the lists must have the features of the model; they differ in {', '.join(odd)}"
            raise ModelError(msg)
        if manifest.encoder != self.encoder:
            msg = (
                "the lists must be encoded as those of the training; the model has encoder "
                f"{self.encoder}, the lists have {manifest.encoder}"
            )
            raise ModelError(msg)
        for key, found in manifest.grading.items():
            if found != (learned := self.grading.get(key)):
                rule = "the lists must be graded as those of the training"
                msg = f"{rule}; the model has {key} = {learned!r}, the lists have {found!r}"
                raise ModelError(msg)


def save_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a file of tensors by name.

    Raises:
        OSError: The disk is full or fails.
    """
    try:
        save_file(tensors, path)
        open_to_readers(path)
    except SafetensorError as error:
        # Of what can go wrong in writing tensors, the disk alone is told by this type.
        msg = f"{path}: {error}"
        raise OSError(msg) from error


def save_records(folder: Path, card: ModelCard, history: Sequence[EpochRecord]) -> None:
    """Write ``model.json`` and ``history.json``."""
    (folder / CARD).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    records = [record.model_dump() for record in history]
    (folder / HISTORY).write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")


def save_job(folder: Path, job: dict[str, JsonValue]) -> None:
    """Write ``job.json``: the job as the manifest of the lists records it."""
    (folder / JOB).write_text(json.dumps(job, indent=2) + "\n", encoding="utf-8")


def load_job_record(folder: str | Path) -> dict[str, JsonValue] | None:
    """Read ``job.json`` of a model; None where there is none, as in models of earlier versions.

    Raises:
        ModelError: It is not valid.
    """
    path = Path(folder) / JOB
    return _read(path, _JOB) if path.exists() else None


_JOB = TypeAdapter(dict[str, JsonValue])


def load_history(folder: str | Path) -> list[EpochRecord]:
    """Read ``history.json`` of a model: at least one record.

    Raises:
        ModelError: It is missing or not valid.
    """
    return _read(Path(folder) / HISTORY, _HISTORY)


_HISTORY = TypeAdapter(Annotated[list[EpochRecord], Field(min_length=1)])


def _read(path: Path, form: TypeAdapter[T]) -> T:
    try:
        return form.validate_json(path.read_bytes())
    except OSError as error:
        msg = f"{path.parent} is no folder of a model: cannot read {path.name}: {error.strerror}"
        raise ModelError(msg) from error
    except ValidationError as error:
        msg = f"{path} is not valid: {first_failure(error)}"
        raise ModelError(msg) from error


def load_optimizer(folder: str | Path) -> dict[str, Tensor]:
    """The state of both optimizers at the best epoch, by parameter and slot; empty if not kept.

    Raises:
        ModelError: The file is damaged.
    """
    path = Path(folder) / OPTIMIZER
    if not path.exists():
        return {}
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        msg = f"{path} does not hold the state of optimizers: {error}"
        raise ModelError(msg) from error


def load_ranker(folder: str | Path) -> nn.Module:
    """Load a model for scoring: plain, on the CPU, without torchrec's wrapping.

    The sizes that ``model.json`` claims are compared with those in the header of the weights before
    memory is taken for them. Only those of a model that is plugged in are not: what it makes of
    them is its own.

    Raises:
        ModelError: The folder holds no model, or weights that are not of its card.
    """
    card = ModelCard.load(folder)
    path = Path(folder) / WEIGHTS
    if card.recipe.towers.name == BUILT_IN:
        _check_sizes(path, card)
    ranker = make_ranker(card.features, card.recipe.towers, seed=0)
    with _reading(path):
        ranker.load_state_dict(load_file(path))
    return ranker.eval()


def _check_sizes(path: Path, card: ModelCard) -> None:
    """Refuse weights of other sizes than the card claims; neither are read or made.

    Raises:
        ModelError: The first that differ; or the file is damaged.
    """
    try:
        with torch.device("meta"):  # sizes without memory
            ranker = make_ranker(card.features, card.recipe.towers, seed=0)
    except (OverflowError, RuntimeError, TypeError) as error:  # more bytes than 64 bits can count
        raise _other_weights(path, f"no memory holds the sizes that {CARD} claims") from error
    columns = table_columns(ranker)
    with _reading(path), safe_open(path, "pt") as file:
        found = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 - no mapping
    for name, tensor in ranker.state_dict().items():
        claimed, its = list(tensor.shape), found.get(name)
        if claimed != its:
            what = f"the table of {', '.join(columns[name])}" if name in columns else name
            is_there = "nothing of this name" if its is None else its
            raise _other_weights(path, f"{what} is {claimed} there, the file has {is_there}")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        raise _other_weights(path, str(error).splitlines()[-1].strip()) from error


def _other_weights(path: Path, found: str) -> ModelError:
    return ModelError(f"{path} does not hold the weights of {CARD}: {found}")
