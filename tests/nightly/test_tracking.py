"""With `tracking.mlflow` a night tells MLflow of the promotion, and does not depend on it."""

import pytest

from pipelines.nightly.outcome import Exit
from pipelines.registry import Registry
from tests.nightly.small import day, home, night, outcome, write_day
from tests.registry.fake_mlflow import Server, installed

TRACKED = {"tracking__mlflow": "http://server", "training__epochs": 1}


@pytest.fixture
def server(monkeypatch) -> Server:
    return installed(monkeypatch)


@pytest.fixture
def folder(tmp_path):
    for number in range(1, 4):
        write_day(tmp_path, number)
    return tmp_path


def promotions(server: Server) -> list[dict[str, str]]:
    return [run["tags"] for run in server.runs if run["tags"]]


def test_a_promotion_is_told_once_however_often_the_night_is_run(server, folder):
    assert night(folder, 3, **TRACKED) == Exit.PROMOTED
    (told,) = promotions(server)
    assert (told["ltr.version"], told["ltr.date"]) == ("v0001", str(day(3)))
    assert told["ltr.why"] == Registry(folder / "run" / "models").history()[-1].why
    assert server.runs[-1]["artifacts"][0] == str((folder / "run" / "models" / "v0001").resolve())

    # As if it had been killed between the promotion and the record of the step.
    (home(folder, 3) / "steps" / "promote.json").unlink()
    assert night(folder, 3, **TRACKED) == Exit.PROMOTED
    assert promotions(server) == [told]
    assert len(Registry(folder / "run" / "models").history()) == 1


def test_a_server_that_refuses_a_promotion_is_a_warning(server, folder, capsys):
    server.refuses_promotions = True
    assert night(folder, 3, **TRACKED) == Exit.PROMOTED
    assert "tracking.mlflow: http://server: no space left" in capsys.readouterr().err
    assert outcome(folder, 3).champion == "v0001"
    assert Registry(folder / "run" / "models").pointer() == "v0001"
    assert promotions(server) == []


def test_a_server_that_is_not_there_changes_nothing(server, folder, capsys):
    server.gone = True
    assert night(folder, 3, **TRACKED) == Exit.PROMOTED
    told = capsys.readouterr().err
    assert "cannot reach http://server; this training is not tracked" in told
    assert outcome(folder, 3).champion == "v0001"
    assert server.runs == []


def test_without_an_address_nobody_is_told(server, folder):
    assert night(folder, 3, training__epochs=1) == Exit.PROMOTED
    assert server.runs == []
