import json
from datetime import datetime

import pytest

from pipelines.errors import RegistryError
from pipelines.registry import Registry, journal, registry
from tests.registry.models import about, filled, lineage, model


def test_versions_are_numbered_in_the_order_in_which_they_were_added(tmp_path):
    models = Registry(tmp_path / "models")
    added = [models.add(model(tmp_path / str(seed), seed), about()).name for seed in range(3)]
    assert added == ["v0001", "v0002", "v0003"]
    assert [version.name for version in models.versions()] == added


def test_a_version_holds_everything_that_was_said_of_it(tmp_path):
    version = Registry(tmp_path / "models").add(model(tmp_path / "model"), about())
    files = {path.relative_to(version.folder).as_posix() for path in version.folder.rglob("*")}
    assert files == {
        *("model.json", "model.safetensors", "history.json", "encoder", "encoder/encoder.json"),
        *("job.json", "evaluation.json", "gate.json", "lineage.json", "README.md"),
        "checksums.json",
    }
    assert files - {"encoder", "checksums.json"} == {*version.checksums.files}
    assert version.lineage == lineage()
    version.verify()


def test_the_same_content_is_the_same_version(tmp_path):
    models = Registry(tmp_path / "models")
    source = model(tmp_path / "model")
    assert models.add(source, about()).name == models.add(source, about()).name == "v0001"
    assert models.add(source, about(date="2026-11-22")).name == "v0002"
    assert not [path for path in models.folder.iterdir() if path.name.startswith(".adding")]


def test_a_version_of_another_registry_can_be_added(tmp_path):
    first = Registry(tmp_path / "here").add(model(tmp_path / "model"), about())
    second = Registry(tmp_path / "there").add(first.folder, about())
    assert first.digest == second.digest


def test_what_was_damaged_is_added_again(tmp_path):
    models = Registry(tmp_path / "models")
    first = models.add(model(tmp_path / "model"), about())
    (first.folder / "model.safetensors").chmod(0o644)
    (first.folder / "model.safetensors").write_bytes(b"")
    assert models.add(tmp_path / "model", about()).name == "v0002"


def test_the_champion_is_a_link_and_so_a_folder_of_a_model(tmp_path):
    models, versions = filled(tmp_path)
    assert models.champion() == versions[1]
    assert str((models.folder / "champion").readlink()) == "v0002"
    assert json.loads((models.folder / "champion" / "model.json").read_text())["best_epoch"] == 2


def test_a_promotion_is_recorded(tmp_path):
    models, (first, _) = filled(tmp_path)
    record = models.promote("v0001", why="better on phones", forced=True)
    assert (record.number, record.before, record.to) == (3, "v0002", "v0001")
    assert (record.why, record.forced, record.kind) == ("better on phones", True, "promote")
    assert record.checksums == first.digest
    assert "@" in record.who
    lines = (models.folder / "promotions.jsonl").read_text().splitlines()
    assert [json.loads(line)["to"] for line in lines] == ["v0001", "v0002", "v0001"]
    assert json.loads(lines[2])["from"] == "v0002"
    assert models.history()[2] == record


def test_promoting_the_champion_again_changes_nothing(tmp_path):
    models, _ = filled(tmp_path)
    assert models.promote("v0002", why="again").why == "night 2"
    assert len(models.history()) == 2


def test_a_promotion_over_a_champion_that_is_no_longer_it_is_refused(tmp_path):
    models, _ = filled(tmp_path, 2)
    models.add(model(tmp_path / "third", 3), about())
    for other in ("v0001", None):
        with pytest.raises(RegistryError, match=f"must still be {other}; it is v0002 now"):
            models.promote("v0003", over=other)
    assert models.promote("v0003", over="v0002").before == "v0002"
    assert models.promote("v0003", over="v0002").number == 3, "done already"


def test_rollbacks_go_ever_further_back(tmp_path):
    models, _ = filled(tmp_path, 3)
    assert [models.rollback().to, models.rollback(why="worse").to] == ["v0002", "v0001"]
    assert [one.kind for one in models.history()] == [*["promote"] * 3, *["rollback"] * 2]
    with pytest.raises(RegistryError, match="there was no champion before v0001 to go back to"):
        models.rollback()


def test_a_rollback_can_name_its_version(tmp_path):
    models, versions = filled(tmp_path, 3)
    models.rollback("v0001", why="two bad nights")
    assert models.champion() == versions[0]
    with pytest.raises(RegistryError, match="v0001 is the champion already"):
        models.rollback("v0001")


def test_a_clock_that_is_moved_back_changes_no_order(tmp_path, monkeypatch):
    models, _ = filled(tmp_path, 2)

    class Earlier(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(1999, 1, 1, tzinfo=tz)

    monkeypatch.setattr(registry, "datetime", Earlier)
    models.promote(models.add(model(tmp_path / "third", 3), about()).name)
    assert [one.to for one in models.history()] == ["v0001", "v0002", "v0003"]
    assert models.rollback().to == "v0002"


def test_the_number_of_a_version_that_was_champion_is_never_given_again(tmp_path):
    models, versions = filled(tmp_path, 2)
    models.rollback()
    versions[1].folder.rename(tmp_path / "gone")
    assert models.add(model(tmp_path / "third", 3), about()).name == "v0003"


def test_a_parent_must_be_a_version(tmp_path):
    models = Registry(tmp_path / "models")
    with pytest.raises(RegistryError, match=r"there is no version 'v0009'; there is none yet"):
        models.add(model(tmp_path / "model"), about(parent="v0009"))
    assert models.versions() == ()


def test_an_unknown_version_is_told_with_those_there_are(tmp_path):
    models, _ = filled(tmp_path, 2)
    for name in ["v0003", "v1", "../model1", "", "v0001\n"]:
        with pytest.raises(RegistryError, match=r"no version '.*'; there is v0001 to v0002"):
            models.promote(name)


def test_a_folder_without_models_has_no_champion(tmp_path):
    models = Registry(tmp_path / "models")
    assert (models.champion(), models.versions(), models.history()) == (None, (), ())
    with pytest.raises(RegistryError, match="there is no champion yet"):
        models.version("champion")
    assert not models.folder.exists()


def test_a_pointer_set_by_hand_is_the_truth_and_the_next_record_says_from_where(tmp_path):
    models, versions = filled(tmp_path, 3)
    (models.folder / "champion").unlink()
    (models.folder / "champion").symlink_to("v0001")
    assert models.champion() == versions[0]
    assert models.rollback().before == "v0001"
    assert models.champion() == versions[2]


def test_a_lost_record_is_told_by_file_and_line(tmp_path):
    models, _ = filled(tmp_path, 3)
    path = models.folder / journal.LOG
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + lines[2])
    with pytest.raises(RegistryError, match=r"promotions\.jsonl: line 2: number must be 2"):
        models.history()
    path.write_text(lines[0] + lines[1][:40])
    with pytest.raises(RegistryError, match=r"promotions\.jsonl: line 2: Invalid JSON"):
        models.promote("v0001")
