import sys

import pytest

from ltr.errors import LtrError
from pipelines.registry.mlflow_log import log_promotion
from tests.registry.fake_mlflow import Server, installed
from tests.registry.models import filled


@pytest.fixture
def server(monkeypatch) -> Server:
    return installed(monkeypatch)


def told(folder, models=None) -> str | None:
    models = models or filled(folder)[0]
    version, record = models.champion(), models.history()[-1]
    return log_promotion(version, record, uri="http://ltr:secret@server", experiment="ltr")


def test_a_promotion_is_a_run_with_settings_metrics_and_files(server, tmp_path):
    assert told(tmp_path) == "7-v0002"
    (run,) = server.runs
    assert (run["status"], run["tags"]["ltr.why"]) == ("FINISHED", "night 2")
    assert run["artifacts"] == (str(tmp_path / "models" / "v0002"), "model")
    assert server.params["training.epochs"] == "3"
    assert server.params["loss.name"] == "graded_hinge"
    assert server.metrics["ndcg at 10"] == 0.52
    assert server.metrics["ndcg at 10 low"] == 0.5
    assert server.metrics["slice/device_ phone high"] == pytest.approx(0.54)
    assert server.metrics["difference/ndcg at 10 against logged order"] == pytest.approx(0.02)


def test_the_same_promotion_is_not_told_twice(server, tmp_path):
    models, _ = filled(tmp_path)
    assert told(tmp_path, models) == told(tmp_path, models)
    assert len(server.runs) == 1


def test_a_server_that_is_not_there_is_a_warning(server, tmp_path, caplog):
    server.gone = True
    assert told(tmp_path) is None
    assert caplog.messages == ["tracking.mlflow: http://server: cannot reach http://server"]


def test_settings_go_in_parts_that_a_server_takes(server, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.registry.mlflow_log.PARAMS_AT_ONCE", 2)
    told(tmp_path)
    assert server.largest == 2
    assert len(server.params) > 2


def test_mlflow_that_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(LtrError, match=r"needs the package mlflow; pip install 'ltr\[mlflow\]'"):
        told(tmp_path)
