"""A model's folder as scoring needs it: weights, encoder, and what the log's columns are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from ltr.training import ModelCard, ModelError, load_ranker
from ltr.training.checkpoint import CARD, ENCODER, load_job_record
from pipelines.contracts import ColumnKind
from pipelines.encoder import Encoder


@dataclass(frozen=True, slots=True)
class Model:
    """What was trained, and how rows of a log are brought to it."""

    folder: Path
    """The version that was read: no link."""
    card: ModelCard
    encoder: Encoder
    module: nn.Module
    query: str
    """Column of the log that tells lists apart."""
    document: str | None
    """Column of the log that names documents; None where nobody said it."""
    max_documents: int | None
    """Of the lists that it was trained on."""

    @property
    def features(self) -> dict[str, ColumnKind]:
        """The columns of the log that the model reads, each with its kind."""
        return {name: kind for one in self.encoder.columns for name, _, kind in one.parts}

    @property
    def pads(self) -> bool:
        """Whether it lays lists side by side, as attention does; of a plugged-in model unknown."""
        towers = self.card.recipe.towers
        return towers.attention is not None or towers.name != "two_towers"

    @classmethod
    def load(
        cls, folder: str | Path, *, query: str | None = None, document: str | None = None
    ) -> "Model":
        """Read a model's folder, or that of its run.

        Args:
            folder: Of the model.
            query: Goes before what the model's job says.
            document: Likewise.

        Raises:
            ModelError: It holds no model, or the model lacks its encoder, or nothing says which
                column tells lists apart.
            EncoderError: Its encoder is damaged.
        """
        # A link such as ``champion`` may move while its files are read.
        folder = Path(folder).resolve()
        if (folder / "model" / CARD).exists():
            folder = (folder / "model").resolve()
        card = ModelCard.load(folder)
        job = load_job_record(folder) or {}
        query = query or _text(job, "log", "query")
        if query is None:
            msg = (
                f"{folder} does not say which column of a log tells lists apart (it has no "
                "job.json, as models of earlier versions): give query="
            )
            raise ModelError(msg)
        lists = job.get("lists")
        most = lists.get("max_documents") if isinstance(lists, dict) else None
        return cls(
            folder=folder,
            card=card,
            encoder=_encoder(folder, card),
            module=load_ranker(folder),
            query=query,
            document=document or _text(job, "log", "document"),
            max_documents=most if isinstance(most, int) else None,
        )


def _encoder(folder: Path, card: ModelCard) -> Encoder:
    if not (folder / ENCODER).is_dir():
        rule = "a model that scores rows of a log must hold the encoder of its lists"
        msg = f"{folder}: {rule}; got no folder {ENCODER}"
        raise ModelError(msg)
    encoder = Encoder.load(folder / ENCODER)
    if encoder.fingerprint != card.encoder:
        rule = f"the model is of encoder {card.encoder}"
        msg = f"{folder / ENCODER}: {rule}; the folder holds {encoder.fingerprint}"
        raise ModelError(msg)
    return encoder


def _text(job: Mapping[str, object], section: str, key: str) -> str | None:
    found = job.get(section)
    value = found.get(key) if isinstance(found, dict) else None
    return value if isinstance(value, str) else None
