import logging
import sys
from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

# On a busy machine the same work takes many times as long: time says nothing about a property.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small tensors gain nothing from threads, and on a busy machine they wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def log_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what a command run in this process does to the log: its stream ends with the test."""
    monkeypatch.setenv("LTR_LOG_FORMAT", "auto")
    root, ours = logging.getLogger(), logging.getLogger("ltr")
    levels, hook = {root: root.level, ours: ours.level}, sys.excepthook
    yield
    for handler in root.handlers[:]:
        if type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
    for logger, level in levels.items():
        logger.setLevel(level)
    logging.captureWarnings(capture=False)
    sys.excepthook = hook
