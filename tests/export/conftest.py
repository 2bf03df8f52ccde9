from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.jobs.export import ExportJob, run
from pipelines.progress import Progress
from tests.scoring.golden import Golden, prepared, trained


@pytest.fixture(scope="session")
def trained_as(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Golden]:
    """Golden scores of a model by name, with the model as one file in its run's folder."""
    folder = prepared(tmp_path_factory.mktemp("golden"))
    made: dict[str, Golden] = {}

    def golden(name: str) -> Golden:
        if name not in made:
            made[name] = trained(folder, name)
            run(ExportJob(made[name].model, file_of(made[name])), Progress("export"))
        return made[name]

    return golden


@pytest.fixture(scope="session")
def golden(trained_as: Callable[[str], Golden]) -> Golden:
    return trained_as("mlp")


def file_of(golden: Golden) -> Path:
    return golden.run / "model.ltr"
