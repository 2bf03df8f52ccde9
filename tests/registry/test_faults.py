import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def killed(folder: Path, what: str) -> list[dict[str, Any]]:
    """What each killed process left behind."""
    command = [sys.executable, "-m", "tests.registry.killed", str(folder), what]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_a_promotion_killed_anywhere_happened_with_its_record_or_not_at_all(tmp_path):
    found = killed(tmp_path, "promote")
    assert len(found) >= 24
    for state in found:
        assert state["champion"] == state["last"]
        happened = state["champion"] == "v0003"
        assert (state["why"][-1] == "killed") == happened
        assert state["recorded"] == 2 + happened
        assert not state["damaged"]
        assert not state["left"]
    assert {state["champion"] for state in found} == {"v0002", "v0003"}


def test_a_rollback_killed_anywhere_happened_with_its_record_or_not_at_all(tmp_path):
    found = killed(tmp_path, "rollback")
    assert {state["champion"] for state in found} == {"v0001", "v0002"}
    for state in found:
        assert state["champion"] == state["last"]
        assert state["recorded"] == 2 + (state["champion"] == "v0001")
        assert not state["left"]


def test_an_addition_killed_anywhere_leaves_a_whole_version_or_none(tmp_path):
    found = killed(tmp_path, "add")
    assert len(found) >= 40
    for state in found:
        assert state["versions"] in (["v0001", "v0002"], ["v0001", "v0002", "v0003"])
        assert state["champion"] == "v0002"
        assert not state["damaged"]
        assert not state["left"]


def test_at_fifty_random_moments_nothing_that_was_told_is_lost(tmp_path):
    found = killed(tmp_path, "random")
    assert len(found) == 50
    for state in found:
        assert state["champion"] == state["last"]
        assert state["chain"]
        assert not state["damaged"]
        assert not state["lost"]
