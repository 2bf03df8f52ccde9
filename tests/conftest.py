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
