"""A version whose files were put there to do harm is refused by name, and runs nothing."""

import json
import os
import pickle
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from pipelines.errors import RegistryError
from pipelines.registry import Registry, Version, vetting
from tests.registry.models import about, champion, filled, model, write

BOOM = b"\x80\x04cos\nsystem\n(S'touch boom'\ntR."


@pytest.fixture
def version(tmp_path) -> Version:
    _, versions = filled(tmp_path)
    return versions[1]


def put(version: Version, name: str, content: bytes, *, recorded: bool = True) -> None:
    """Put a file into a version, also into its checksums, as one who means harm would."""
    path = version.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    if recorded:
        forge(version, name, {"sha256": sha256(content).hexdigest(), "bytes": len(content)})


def forge(version: Version, name: str, found: object) -> None:
    path = version.folder / "checksums.json"
    sums = json.loads(path.read_text())
    sums["files"][name] = found
    path.chmod(0o644)
    path.write_text(json.dumps(sums))


def refused(version: Version, match: str) -> None:
    with pytest.raises(RegistryError, match=match) as caught:
        version.verify()
    assert caught.value.exit_code == 2
    assert str(version.folder) in str(caught.value)


def test_a_flipped_byte_is_found_and_the_file_named(version):
    path = version.folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    refused(version, r"v0002/model\.safetensors: was changed: it had sha256 .*… and has ")


def test_missing_and_extra_files_are_found_and_named(version):
    (version.folder / "history.json").unlink()
    (version.folder / "encoder" / "more.json").write_text("{}")
    (version.folder / "job.json").chmod(0o644)
    (version.folder / "job.json").write_text("{}")
    assert [tuple(damage) for damage in version.damages()] == [
        ("history.json", "is missing"),
        ("encoder/more.json", "was not there when it was added"),
        ("job.json", "was changed: it had 87 bytes and has 2"),
    ]
    refused(version, r"history\.json: is missing \(and 2 more; see ltr models verify\)")


@pytest.mark.parametrize("name", ["model.pt", "encoder/vocabulary.PKL", "pytorch_model.bin"])
@pytest.mark.parametrize("recorded", [True, False])
def test_a_pickle_is_refused_by_its_name(version, name, recorded):
    put(version, name, BOOM, recorded=recorded)
    refused(version, "a model holds no pickles, which run code when they are read")
    assert not Path("boom").exists()


@pytest.mark.parametrize("content", [BOOM, pickle.dumps({"a": 1}), b"PK\x03\x04 torch.save"])
def test_a_pickle_is_refused_by_its_first_bytes(version, content):
    put(version, "model.safetensors", content)
    refused(version, r"model\.safetensors: a model holds no pickles or archives")


def test_a_pickle_among_the_checksums_is_refused_also_where_there_is_none(version):
    forge(version, "model.pkl", {"sha256": "0" * 64, "bytes": 1})
    refused(version, r"checksums\.json: .*a model holds no pickles")


def test_weights_that_are_no_tensors_are_refused(version):
    put(version, "model.safetensors", b"\xff" * 64)
    refused(version, r"model\.safetensors: must hold tensors \(safetensors\)")


OUTSIDE = ["../v0001/model.json", "/etc/passwd", "a/../../b", "C:/x", "a\\..\\b", "./a", "a//b", ""]


@pytest.mark.parametrize("name", OUTSIDE)
def test_checksums_that_name_a_file_outside_are_refused(version, name):
    forge(version, name, {"sha256": "0" * 64, "bytes": 1})
    refused(version, r"checksums\.json: .*must lie inside the folder")


@pytest.mark.parametrize("name", OUTSIDE)
def test_lineage_that_names_a_file_outside_is_refused(version, name):
    lineage = json.loads((version.folder / "lineage.json").read_text())
    lineage["files"][0]["file"] = name
    put(version, "lineage.json", json.dumps(lineage).encode())
    refused(version, r"lineage\.json: files\[0\]\.file: a file must lie inside the folder")
    with pytest.raises(RegistryError, match="must lie inside"):
        _ = Version(version.folder).lineage


@pytest.mark.parametrize("name", ["encoder/encoder.json", "manifest.json", "model.json"])
def test_any_record_that_names_a_file_outside_is_refused(version, name):
    content = {"columns": [{"vocabulary": {"file": "../../../home/vocabulary.parquet"}}]}
    put(version, name, json.dumps(content).encode())
    refused(version, rf"{name}: a file must lie inside the folder; got '\.\./\.\./\.\./home")


def test_addresses_may_stand_in_the_lineage_and_may_not_lead_upwards(version):
    lineage = json.loads((version.folder / "lineage.json").read_text())
    lineage["files"][0]["file"] = "s3://logs/2026-11-21.parquet"
    put(version, "lineage.json", json.dumps(lineage).encode())
    Version(version.folder).verify()
    lineage["files"][0]["file"] = "s3://logs/../secret"
    put(version, "lineage.json", json.dumps(lineage).encode())
    refused(version, "an address must not lead upwards")


@pytest.mark.parametrize("target", ["/etc/passwd", "../v0001/model.json", "history.json"])
def test_a_link_is_refused_wherever_it_leads(version, target):
    path = version.folder / "model.json"
    path.unlink()
    path.symlink_to(target)
    refused(version, rf"model\.json: must be a file of its own; it is a link to '{target}'")
    with pytest.raises(RegistryError, match="must be a plain file"):
        version.read("model.json")


def test_a_folder_that_is_a_link_is_refused(version, tmp_path):
    (version.folder / "encoder").rename(tmp_path / "encoder")
    (version.folder / "encoder").symlink_to(tmp_path / "encoder")
    refused(version, "encoder: must be a file of its own; it is a link")


def test_a_version_that_is_a_link_is_refused(tmp_path):
    models, _ = filled(tmp_path)
    (models.folder / "v0003").symlink_to(tmp_path / "model1")
    with pytest.raises(RegistryError, match=r"v0003: must be a folder of its own, not a link"):
        models.promote("v0003")


def test_a_pipe_is_refused_and_not_waited_for(version):
    (version.folder / "model.json").unlink()
    os.mkfifo(version.folder / "model.json")
    refused(version, r"model\.json: must be a plain file; it is a device, a pipe or a socket")
    with pytest.raises(RegistryError, match="must be a plain file"):
        version.read("model.json")


def test_a_json_text_that_is_absurdly_large_is_refused_and_not_held_in_memory(version):
    path = version.folder / "checksums.json"
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.truncate(1 << 40)
    refused(version, r"checksums\.json: must have at most [0-9,]+ bytes; it has more")


def test_a_json_text_that_is_absurdly_deep_is_refused(version):
    put(version, "encoder/encoder.json", b"[" * 1_000_000)
    refused(version, r"encoder/encoder\.json: .*recursion limit")


def test_more_files_than_a_model_can_have_are_refused(version, monkeypatch):
    monkeypatch.setattr(vetting, "MAX_FILES", 20)
    for number in range(20):
        (version.folder / f"{number}.json").write_text("{}")
    refused(version, "must hold at most 20 files; it holds more")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format": "ltr-checksums/2", "files": {}}'])
def test_checksums_that_cannot_be_read_are_refused(version, content):
    path = version.folder / "checksums.json"
    path.chmod(0o644)
    path.write_text(content)
    refused(version, r"v0002/checksums\.json: ")


def test_a_version_whose_checksums_were_made_anew_is_no_longer_the_champion(tmp_path):
    models, (_, second) = filled(tmp_path)
    put(second, "job.json", b"{}")
    second.verify()
    match = r"the champion v0002 is damaged: .*checksums\.json: is not what it was when .* promoted"
    with pytest.raises(RegistryError, match=match):
        models.champion()


@pytest.mark.parametrize("target", ["/etc", "../model1", "v0009", ".", "v0002/encoder"])
def test_a_champion_that_leads_elsewhere_is_refused_and_can_be_rolled_back(tmp_path, target):
    models, _ = filled(tmp_path)
    (models.folder / "champion").unlink()
    (models.folder / "champion").symlink_to(target)
    with pytest.raises(RegistryError, match=rf"got '{target}': go back .*`ltr models rollback`"):
        models.champion()
    assert models.rollback("v0001").to == "v0001"
    assert champion(models) == "v0001"


def test_a_damaged_champion_is_told_with_the_way_back(tmp_path):
    models, (first, second) = filled(tmp_path)
    (second.folder / "encoder" / "encoder.json").unlink()
    match = r"the champion v0002 is damaged: .*encoder/encoder\.json: is missing; .*ltr models roll"
    with pytest.raises(RegistryError, match=match):
        models.champion()
    models.rollback()
    assert models.champion() == first


def test_a_champion_that_is_gone_is_not_taken_for_a_first_night(tmp_path):
    models, (_, second) = filled(tmp_path)
    (models.folder / "champion").unlink()
    with pytest.raises(RegistryError, match=r"champion: is gone; it was v0002: go back"):
        models.champion()
    models.rollback()
    assert models.champion() == second


def test_a_folder_in_place_of_the_champion_is_left_alone(tmp_path):
    models, _ = filled(tmp_path)
    (models.folder / "champion").unlink()
    (models.folder / "champion").mkdir()
    for change in (models.champion, models.rollback, lambda: models.promote("v0001")):
        with pytest.raises(RegistryError, match="must be a link to a version beside it; move away"):
            change()
    assert len(models.history()) == 2


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "it has no model.safetensors"),
        (lambda folder: (folder / "model.pt").write_bytes(BOOM), "a model holds no pickles"),
        (lambda folder: (folder / "extra.json").symlink_to("/etc/passwd"), "it is a link to"),
        (lambda folder: (folder / "model.json").write_text("{"), r"model\.json: Invalid JSON"),
        (lambda folder: (folder / "model.safetensors").write_bytes(BOOM), "it is a pickle"),
        (lambda folder: write(folder / "a.json", {"file": "../b"}), "must lie inside the folder"),
    ],
)
def test_a_model_that_is_not_whole_or_means_harm_is_not_added(tmp_path, spoil, match):
    models, source = Registry(tmp_path / "models"), model(tmp_path / "model")
    spoil(source)
    with pytest.raises(RegistryError, match=match) as caught:
        models.add(source, about())
    assert str(source) in str(caught.value)
    assert [path.name for path in models.folder.iterdir()] == [".lock"]


def test_an_archive_of_torch_is_refused(version):
    path = version.folder.parent / "archive"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", BOOM)
    put(version, "optimizer.safetensors", path.read_bytes())
    refused(version, r"optimizer\.safetensors: a model holds no pickles or archives")
