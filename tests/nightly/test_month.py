"""A month of nights: tastes turn, documents come and go, and one day goes wrong."""

import statistics

import pytest
import torch

from benchmarks.month import BAD_NIGHT, NIGHTS_OF_A_MONTH, month


@pytest.fixture(scope="module")
def mornings(tmp_path_factory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # of so small a model: several would wait for each other
    try:
        yield list(month(tmp_path_factory.mktemp("month"), NIGHTS_OF_A_MONTH, BAD_NIGHT))
    finally:
        torch.set_num_threads(threads)


def test_the_bad_night_is_refused_and_says_why(mornings):
    outcome = mornings[BAD_NIGHT].outcome
    assert outcome.status == "kept"
    assert outcome.champion == mornings[BAD_NIGHT - 1].outcome.champion
    assert any(one.rule == "drift" and not one.passed for one in outcome.rules)
    assert outcome.candidate is None


def test_no_other_night_is_refused_for_drift(mornings):
    refused = [
        number
        for number, morning in enumerate(mornings)
        if any(one.rule == "drift" and not one.passed for one in morning.outcome.rules)
    ]
    assert refused == [BAD_NIGHT]


def test_the_model_recovers(mornings):
    after = mornings[BAD_NIGHT + 1 :]
    assert sum(one.outcome.status == "promoted" for one in after) > len(after) / 2
    before = statistics.mean(one.in_use for one in mornings[BAD_NIGHT - 5 : BAD_NIGHT])
    assert statistics.mean(one.in_use for one in after) > before - 0.03


def test_nights_beat_a_model_that_is_trained_once(mornings):
    in_use = statistics.mean(one.in_use for one in mornings)
    assert in_use > statistics.mean(one.first for one in mornings) + 0.04
    assert in_use > statistics.mean(one.logged for one in mornings)
    last_week = mornings[-7:]
    assert min(one.in_use - one.first for one in last_week) > 0.05


def test_what_is_measured_is_no_better_than_the_truth(mornings):
    assert all(one.in_use < one.truth for one in mornings)
