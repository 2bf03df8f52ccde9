import pytest

from pipelines.config import load_job
from pipelines.errors import RegistryError
from pipelines.jobs.folders import Folders
from pipelines.registry import model_folder
from tests.registry.models import filled, model
from tests.registry.test_command import ROOT


def test_the_champion_is_followed_once_so_that_no_model_is_read_in_two_halves(tmp_path):
    models, (first, second) = filled(tmp_path)
    found = model_folder(models.folder / "champion")
    assert found == second.folder
    models.promote(first.name)
    assert found == second.folder


def test_any_other_folder_is_returned_as_it_is(tmp_path):
    source = model(tmp_path / ".model.0123")
    (tmp_path / "model").symlink_to(".model.0123")
    assert model_folder(tmp_path / "model") == tmp_path / "model"
    assert model_folder(source) == source
    assert model_folder(tmp_path / "none") == tmp_path / "none"


def test_a_damaged_version_is_refused_by_the_name_of_its_file(tmp_path):
    models, (first, second) = filled(tmp_path)
    for version in (first, second):
        (version.folder / "history.json").unlink()
    with pytest.raises(RegistryError, match=r"^/.*v0001/history\.json: is missing$"):
        model_folder(first.folder)
    match = r"champion v0002 is damaged: .*history\.json: is missing; go back with `ltr models rol"
    with pytest.raises(RegistryError, match=match):
        model_folder(models.folder / "champion")


def test_a_training_begins_with_the_version_that_is_champion_when_it_begins(tmp_path):
    models, _ = filled(tmp_path)
    job = load_job(ROOT / "sample_data" / "job.toml")
    asked = str(models.folder / "champion")
    folders = Folders.of(job, tmp_path / "job.toml", None, tmp_path / "out", asked)
    assert folders.begin == models.folder / "v0002"
