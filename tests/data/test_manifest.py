import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ltr.data.manifest import (
    Events,
    Feature,
    ListsError,
    Manifest,
    Rows,
    Shard,
    Split,
    checksum,
)

EMPTY = Split(lists=0, documents=0, grades={}, first=None, last=None, shards=())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a manifest and one shard."""
    (tmp_path / "train").mkdir()
    file = tmp_path / "train" / "00000.arrow"
    file.write_bytes(b"lists")
    shard = Shard(file="train/00000.arrow", lists=2, documents=5, sha256=checksum(file))
    train = Split(
        lists=2, documents=5, grades={0: 3, 2: 2}, first="day 1", last="day 2", shards=(shard,)
    )
    Manifest(
        features=(
            Feature(side="query", name="user", kind="id", size=10),
            Feature(side="document", name="price", kind="number"),
        ),
        splits={"train": train, "validation": EMPTY, "test": EMPTY},
        rows=Rows(read=6, kept=5, rejected={"duplicate": 1}),
        events=Events(read=3, attributed=2, rejected={"no impression": 1}),
        encoder="0a1b",
        job={"log": {"path": "log.parquet"}},
    ).save(tmp_path)
    return tmp_path


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_what_was_saved_is_loaded(folder: Path) -> None:
    manifest = Manifest.load(folder, verify=True)
    assert manifest.splits["train"].grades == {0: 3, 2: 2}
    assert [feature.column for feature in manifest.features] == ["query/user", "document/price"]
    text = (folder / "manifest.json").read_text()
    manifest.save(folder)
    assert (folder / "manifest.json").read_text() == text


def test_the_file_has_the_keys_of_the_format(folder: Path) -> None:
    content = json.loads((folder / "manifest.json").read_text())
    assert content["format"] == "ltr-lists/1"
    assert content["features"][0] == {"side": "query", "name": "user", "kind": "id", "size": 10}
    assert content["splits"]["train"]["grades"] == {"0": 3, "2": 2}
    assert set(content["splits"]["train"]["shards"][0]) == {"file", "lists", "documents", "sha256"}


def test_a_manifest_cannot_be_changed(folder: Path) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Manifest.load(folder).encoder = "ff"


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListsError, match=r"is no folder of lists: cannot read manifest.json: No"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "manifest.json is not valid JSON"), ("[]", "must hold a JSON object; got a list")],
)
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ListsError, match=message):
        Manifest.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(format="ltr-lists/2"), "reads the format 'ltr-lists/1'; got 'ltr-li"),
        (lambda c: c.pop("format"), "reads the format 'ltr-lists/1'; got None"),
        (lambda c: c.update(extra=1), "extra: unknown key"),
        (lambda c: c["rows"].update(kept=4), "rows: read must be the sum of its parts; got 6 and"),
        (lambda c: c["events"].update(read=9), "events: read must be the sum of its parts"),
        (lambda c: c["splits"]["train"].update(lists=3), "splits.train: lists must be the sum of"),
        (lambda c: c["splits"]["train"].update(grades={"0": 4}), "documents must be the sum of"),
        (lambda c: c["splits"].pop("test"), "also an empty one; missing: test"),
        (lambda c: c["features"].append(c["features"][0]), "got twice: query/user"),
        (lambda c: c.pop("rows"), "rows: is required"),
        (lambda c: c["features"][0].update(kind="text"), r"\[0\].kind: must be 'id'.*; got 'text'"),
        (lambda c: c["features"][0].update(size=None), "query/user is id of None"),
        (lambda c: c["features"][1].update(size=3), "document/price is number of 3"),
        (
            lambda c: c["splits"]["train"]["shards"][0].update(file="../a.arrow"),
            "a shard lies inside the folder of lists; got '../a.arrow'",
        ),
        (lambda c: c.update(extra=1, more=2), r"extra: unknown key \(and 1 more\)"),
    ],
)
def test_a_wrong_manifest_is_refused_in_one_line(
    folder: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    edit(folder, change)
    with pytest.raises(ListsError, match=message) as caught:
        Manifest.load(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_a_missing_shard_is_named(folder: Path) -> None:
    (folder / "train" / "00000.arrow").unlink()
    with pytest.raises(ListsError, match=r"the shard train/00000.arrow .* is missing"):
        Manifest.load(folder)


def test_a_changed_shard_is_found_when_asked_for(folder: Path) -> None:
    (folder / "train" / "00000.arrow").write_bytes(b"lusts")
    Manifest.load(folder)
    with pytest.raises(ListsError, match=r"00000.arrow was changed: manifest.json records sha256"):
        Manifest.load(folder, verify=True)
