"""The test lists as another model knows them, so that two models rank the very same documents.

Two models of two nights have two encoders: what is user 17 to the one is user 12 to the other, and
every number has another scale. The lists have one folder more for that::

    lists/champion/
      manifest.json    of the test part alone; the other parts are empty
      encoder/         the other model's own
      test/00000.arrow the rows of lists/test, in the same order

A list and a document have the same place in both, so per-list values can be paired.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from ltr.data.manifest import Manifest, Split
from pipelines.config import Features
from pipelines.contracts import feature_columns
from pipelines.encoder import Encoder
from pipelines.jobs.put_shards import put_split
from pipelines.steps.write import CHAMPION, Written

EMPTY = Split(lists=0, documents=0, grades={}, first=None, last=None, shards=())


def lacking(encoder: Encoder, features: Features) -> str | None:
    """Say which column an encoder needs that a job does not read; None if it reads all.

    Args:
        encoder: Of another model.
        features: Of the job, patterns expanded.

    Example:
        >>> from pipelines.config import SideFeatures
        >>> lacking(Encoder(()), Features(document=SideFeatures(ids=("brand",))))
    """
    read = {column: kind for column, _, kind in feature_columns(features)}
    for one in encoder.columns:
        if (found := read.get(one.column)) != one.about.kind:
            now = "no feature of the job" if found is None else f"of the kind {found!r} in the job"
            return f"{one.column} is {now}; the model reads it as {one.about.kind!r}"
    return None


def leave_encoder(encoder: Encoder | None, work: Path) -> None:
    """Leave the encoder for the tasks that apply it."""
    if encoder is not None:
        shutil.rmtree(work / CHAMPION, ignore_errors=True)
        encoder.save(work / CHAMPION)


def put_second(
    left: Iterable[tuple[Path, Written]], work: Path, manifest: Manifest, lists: Path
) -> None:
    """Put together what the tasks wrote with the other encoder."""
    folder = lists / CHAMPION
    folder.mkdir()
    encoder = Encoder.load(work / CHAMPION)
    encoder.save(folder / "encoder")
    shards = [(path / f"{CHAMPION}.arrow", task.champion) for path, task in left]
    second = {
        "features": encoder.features(),
        "splits": {"train": EMPTY, "validation": EMPTY, "test": put_split(shards, "test", folder)},
        "encoder": encoder.fingerprint,
    }
    manifest.model_copy(update=second).save(folder)
