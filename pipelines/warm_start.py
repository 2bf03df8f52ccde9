"""What a training begins with: an earlier model, and which of its rows today's ids have."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ltr.data.manifest import Manifest
from ltr.training import ModelCard, WarmStart
from ltr.training.checkpoint import ENCODER
from pipelines.encoder import Encoder
from pipelines.errors import EncoderError


def warm_start(model: Path, lists: Path) -> WarmStart:
    """Find the rows of an earlier model that the ids of some lists have.

    Args:
        model: Folder of the model, with the encoder of the lists that it was trained on.
        lists: Folder of the lists to train on.

    Raises:
        EncoderError: An encoder is missing, damaged, or not that of its model or lists.
        ModelError: There is no model.
    """
    # The version that the name stands for now: a run may replace the model that it begins with.
    model = model.resolve()
    manifest = Manifest.load(lists)
    previous = _encoder(model / ENCODER, ModelCard.load(model).encoder)
    today = _encoder(lists / "encoder", manifest.encoder)
    rows = {
        feature.column: torch.from_numpy(today.rows_from(previous, feature.column))
        for feature in manifest.features
        if feature.size is not None
    }
    return WarmStart(model, rows)


def in_words(rows: Mapping[str, Tensor]) -> str:
    """Say how many rows of each table come from the model.

    Example:
        >>> in_words({"document/brand": torch.tensor([0, -1, 2])})
        'document/brand 2 of 3 rows'
    """
    parts = (f"{name} {int((own >= 0).sum()):,} of {len(own):,} rows" for name, own in rows.items())
    return ", ".join(parts) or "no tables"


def _encoder(folder: Path, fingerprint: str) -> Encoder:
    encoder = Encoder.load(folder)
    if encoder.fingerprint != fingerprint:
        found = f"{fingerprint}; the folder has {encoder.fingerprint}"
        msg = f"{folder} must be the encoder with the fingerprint {found}"
        raise EncoderError(msg)
    return encoder
