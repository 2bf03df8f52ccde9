"""As much of MLflow as is asked, in the place of the package."""

import sys
from collections.abc import Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


class RefusedError(Exception):
    pass


class Server:
    """What a server holds, behind the client's own methods."""

    def __init__(self) -> None:
        self.params: dict[str, str] = {}
        self.metrics: dict[str, float] = {}
        self.runs: list[dict[str, Any]] = []
        self.gone = False
        self.refuses_promotions = False
        self.largest = 0

    def __call__(self, tracking_uri: str) -> "Server":
        if self.gone:
            msg = f"cannot reach {tracking_uri}\nin many words"
            raise RefusedError(msg)
        return self

    def get_experiment_by_name(self, _: str) -> None:
        return None

    def create_experiment(self, _: str) -> str:
        return "7"

    def search_runs(self, _, filter_string: str, **_page: int) -> list[Any]:
        found = [
            run for run in self.runs if f"'{run['tags'].get('ltr.checksums')}'" in filter_string
        ]
        done = [run for run in found if run["status"] == "FINISHED"]
        return [SimpleNamespace(info=SimpleNamespace(run_id=run["id"])) for run in done]

    def create_run(self, number: str, run_name: str, tags: Mapping[str, str] | None = None) -> Any:
        if tags and self.refuses_promotions:
            msg = "no space left"
            raise RefusedError(msg)
        run = {"id": f"{number}-{run_name}", "tags": dict(tags or {}), "status": "RUNNING"}
        self.runs.append(run)
        return SimpleNamespace(info=SimpleNamespace(run_id=run["id"]))

    def log_batch(self, _: str, params=(), metrics=()) -> None:
        self.largest = max(self.largest, len(params), len(metrics))
        self.params |= dict(params)
        self.metrics |= dict(metrics)

    def log_artifacts(self, _: str, local_dir: str, artifact_path: str) -> None:
        self.runs[-1]["artifacts"] = (local_dir, artifact_path)

    def set_terminated(self, _: str, status: str) -> None:
        self.runs[-1]["status"] = status


def installed(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Put a server in the place of the package."""
    held = Server()
    fake: Any = ModuleType("mlflow")
    fake.MlflowClient = held
    fake.exceptions = SimpleNamespace(MlflowException=RefusedError)
    fake.entities = SimpleNamespace(
        Metric=lambda name, value, *_: (name, value), Param=lambda name, value: (name, value)
    )
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    return held
