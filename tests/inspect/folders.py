"""Folders of lists and profiles for tests."""

import json
from pathlib import Path

import numpy as np

from ltr.data.manifest import Manifest
from pipelines.contracts import PARTS
from pipelines.inspect import Profile
from pipelines.inspect.counts import Part
from pipelines.inspect.decode import Decoder
from pipelines.inspect.shards import pieces
from tests.lists_on_disk import HOUR, ITEM, PRICE, USER, Row, write_lists

FEATURES = [USER, HOUR, ITEM, PRICE]
NOTHING = Decoder({}, {})


def row(grades, **given) -> Row:
    """A list with these grades; features that are not given are 1 or 0.0."""
    docs = len(grades)
    made_up: Row = {"query/user": 1, "query/hour": 0.0}
    made_up |= {"document/item": [1] * docs, "document/price": [0.0] * docs}
    return {"grade": grades} | made_up | given


def random_rows(lists, seed=0, *, docs=8, clicked=0.1, shift=0.0, unseen=0.02):
    """Lists with independent grades, ids and prices."""
    rng = np.random.default_rng(seed)
    return [
        row(
            (rng.random(docs) < clicked).astype(int).tolist(),
            **{
                "query/user": int(rng.integers(1, 50)),
                "query/hour": float(rng.standard_normal()),
                "document/item": (
                    rng.integers(1, 100, docs) * (rng.random(docs) > unseen)
                ).tolist(),
                "document/price": (rng.standard_normal(docs) + shift).tolist(),
            },
        )
        for _ in range(lists)
    ]


def folder_of(folder: Path, lists, **changed) -> Path:
    """A folder whose training part has these lists, and whose manifest says what is changed."""
    write_lists(folder, {"train": [lists]}, FEATURES)
    manifest = json.loads((folder / "manifest.json").read_text()) | changed
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def profile_of(folder: Path, decoder: Decoder = NOTHING) -> Profile:
    """The profile of a folder, read with a decoder of one's own."""
    manifest = Manifest.load(folder)
    parts = {name: Part(manifest.features, decoder) for name in PARTS}
    for name, part in parts.items():
        for shard in manifest.splits[name].shards:
            for piece in pieces(folder, manifest, shard):
                part.add(piece)
    return Profile(folder, manifest, parts, decoder)
