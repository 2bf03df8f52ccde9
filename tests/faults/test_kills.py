"""A night that is killed, stopped or short of disk, and goes on; every one in a real process."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from pipelines.nightly.outcome import Exit

ROOT = Path(__file__).parents[2]
NIGHTS = (
    "watched",
    "in_turn",
    "moments:4:7",
    "asked:4:7",
    "training:1:3",
    "full:2:5",
    "limits:1:2",
)
KINDS = (*NIGHTS, "alone:1:5")


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    """What was tried, by kind; each ``wrong`` says what a reader or a rerun found."""
    folder = str(tmp_path_factory.mktemp("killed"))
    command = [sys.executable, "-m", "tests.faults.killed", folder, *KINDS]
    few = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "POLARS_MAX_THREADS": "2"}
    ran = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **few}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = defaultdict(list)
    for line in ran.stdout.splitlines():
        trial = json.loads(line)
        found[trial["kind"]].append(trial)
    return found


def wrong(trials):
    return {one["at"]: one["wrong"] for one in trials if one["wrong"]}


def test_a_night_killed_at_every_step_boundary_ends_as_one_that_was_not(trials):
    found = trials["in_turn"]
    assert [one["code"] for one in found] == [-9] * 20 + [Exit.PROMOTED]
    assert {one["at"].split()[-1] for one in found} >= {"prepare", "train", "promote", "report"}
    assert not wrong(found)


def test_a_night_killed_at_random_moments_ends_as_one_that_was_not(trials):
    assert len(trials["moments"]) == 4
    assert not wrong(trials["moments"])


def test_a_night_told_to_stop_at_random_moments_says_so_and_goes_on(trials):
    assert len(trials["asked"]) == 4
    assert not wrong(trials["asked"])
    for one in trials["asked"]:
        assert not any("Traceback" in line for line in one["said"])


def test_a_command_killed_before_any_call_that_changes_the_disk_ends_as_one_that_was_not(trials):
    assert len(trials["alone"]) == 6
    assert not wrong(trials["alone"])


def test_whoever_reads_while_a_night_is_at_work_sees_old_or_new(trials):
    assert len(trials["watched"]) > 20
    assert not wrong(trials["watched"])


def test_a_training_that_is_told_to_stop_goes_on_from_its_snapshot_to_the_same_weights(trials):
    (found,) = trials["training"]
    assert found["code"] == Exit.STOPPED
    assert any("going on after epoch" in line for line in found["said"])
    assert not wrong([found])


@pytest.mark.parametrize("kind", ["full", "limits"])
def test_a_full_disk_ends_the_night_in_one_line_and_room_lets_it_go_on(trials, kind):
    assert not wrong(trials[kind])
    for one in trials[kind]:
        assert one["code"] in (Exit.BAD_INPUT, Exit.PROMOTED)
        errors = [line for line in one["said"] if line.startswith("ltr: error: ")]
        assert len(errors) == (one["code"] == Exit.BAD_INPUT)
        assert not any("Traceback" in line for line in one["said"])
