"""SIGTERM beside Ray, which takes it over where it begins and where it ends."""

import os
import signal
import sys
from contextlib import contextmanager

import pytest

from pipelines.engines import open_engine
from pipelines.engines._ray import _own_sigterm

pytestmark = [
    # Ray leaves sockets and processes to the interpreter's end, and speaks of its own future.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
]


@contextmanager
def sigterm_counted():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
    yield heard
    signal.signal(signal.SIGTERM, before)


def test_sigterm_means_what_it_meant_before_a_cluster_of_ones_own_and_after_it(
    monkeypatch,
):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", "local")  # not one that other tests have begun
    with sigterm_counted() as heard:
        with open_engine("ray"):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard == [1, 1]


def test_sigterm_while_ray_begins_is_heard_when_it_has():
    with sigterm_counted() as heard:
        with _own_sigterm():
            signal.signal(signal.SIGTERM, lambda number, _: sys.exit(number))
            os.kill(os.getpid(), signal.SIGTERM)
        assert heard == [1]
