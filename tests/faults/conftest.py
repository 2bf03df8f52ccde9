import os
import shutil

import pytest

from tests.faults.world import begin, registry


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """No test switches the machine off; a shared disk takes long to say that it has written."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(scope="session")
def begun(tmp_path_factory):
    """A champion of night 3, and the log of two days after it."""
    folder = tmp_path_factory.mktemp("begun") / "shop"
    assert begin(folder) == 0
    return folder


@pytest.fixture
def here(begun, tmp_path):
    """A copy that may be spoilt."""
    return shutil.copytree(begun, tmp_path / "shop", symlinks=True)


@pytest.fixture
def models(here):
    """Its models."""
    return registry(here)
