import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small tensors gain nothing from threads, and on a busy machine they wait for each other."""
    torch.set_num_threads(1)
