from pathlib import Path

import pytest

from pipelines.scoring import Ranker
from tests.scoring.golden import Golden, prepared, trained


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lists that all golden models are trained on."""
    return prepared(tmp_path_factory.mktemp("golden"))


@pytest.fixture(scope="session")
def attention(folder: Path) -> Golden:
    """A model that scores a document beside the others of its list."""
    return trained(folder, "attention")


@pytest.fixture(scope="session")
def ranker(attention: Golden) -> Ranker:
    return Ranker.load(attention.model)


@pytest.fixture
def model(attention: Golden, tmp_path: Path) -> Path:
    """A copy of the model, to be spoilt."""
    copy = tmp_path / "model"
    for path in sorted(attention.model.rglob("*")):
        target = copy / path.relative_to(attention.model)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            target.write_bytes(path.read_bytes())
    return copy
