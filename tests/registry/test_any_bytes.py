"""Whatever stands in a version's files is shown, or refused by an error that names the file."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from pipelines.errors import RegistryError
from pipelines.registry import Registry, Version
from pipelines.registry.command import show
from pipelines.registry.compare import compare
from pipelines.registry.summary import listed, listed_table
from tests.registry.models import filled

JSONS = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    models, _ = filled(tmp_path_factory.mktemp("whole"), 2)
    return models.folder


@given(data=some.data())
def test_any_byte_that_is_changed_is_found(whole, data):
    version = Version(whole / "v0001")
    names = sorted(version.checksums.files)
    path = version.folder / data.draw(some.sampled_from(names))
    before = path.read_bytes()
    at = data.draw(some.integers(0, len(before) - 1))
    other = data.draw(some.integers(1, 255))
    path.chmod(0o644)
    path.write_bytes(before[:at] + bytes([before[at] ^ other]) + before[at + 1 :])
    try:
        found = version.damages()
    finally:
        path.write_bytes(before)
    assert [whole / "v0001" / damage.file for damage in found] == [path]
    assert not version.damages()


def _paths(record: object, above: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Every place in a record."""
    found = [above]
    if isinstance(record, dict):
        found += [one for key, value in record.items() for one in _paths(value, (*above, key))]
    elif isinstance(record, list):
        found += [one for at, value in enumerate(record) for one in _paths(value, (*above, at))]
    return found


def _with(record: object, place: tuple[object, ...], value: object) -> object:
    if not place:
        return value
    copy = json.loads(json.dumps(record))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return copy


NAMES = ["lineage.json", "evaluation.json", "gate.json", "model.json", "job.json", "checksums.json"]


@settings(max_examples=50)
@given(data=some.data(), name=some.sampled_from(NAMES), value=JSONS)
def test_a_record_with_anything_in_any_place_is_shown_or_refused(whole, data, name, value):
    folder = whole.parent / "spoilt"
    shutil.rmtree(folder, ignore_errors=True)
    models = Registry(shutil.copytree(whole, folder, symlinks=True))
    path = folder / "v0001" / name
    record = json.loads(path.read_text())
    place = data.draw(some.sampled_from(_paths(record)))
    path.chmod(0o644)
    path.write_text(json.dumps(_with(record, place, value)))
    assert listed_table(listed(models)).rows
    first, second = models.versions()
    shows = [partial(show, folder, "v0001", as_json=as_json) for as_json in (False, True)]
    works: list[Callable[[], object]] = [first.verify, partial(compare, first, second), *shows]
    for work in works:
        try:
            work()
        except RegistryError as error:
            assert str(folder) in str(error)  # noqa: PT017 - it may also be shown


@given(value=JSONS, at=some.integers(0, 1))
def test_records_of_promotions_with_anything_in_them_are_read_or_refused(whole, value, at):
    models = Registry(whole.parent / "records")
    models.folder.mkdir(exist_ok=True)
    lines = (whole / "promotions.jsonl").read_text().splitlines()
    lines[at] = json.dumps(value)
    (models.folder / "promotions.jsonl").write_text("\n".join(lines))
    with pytest.raises(RegistryError, match=rf"promotions\.jsonl: line {at + 1}: "):
        models.history()
