import io
import logging
import sys

import pytest

from pipelines.progress import Progress


class Screen(io.StringIO):
    def isatty(self):
        return True


def terminal_of(monkeypatch):
    screen = Screen()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def test_on_a_terminal_a_step_is_a_bar_with_its_count_and_what_it_says(monkeypatch):
    terminal = terminal_of(monkeypatch)
    with Progress("train") as shown, shown.step("epochs") as step:
        step.expect(2000)
        for _ in range(1200):
            step.advance()
        step.say("epoch 3")
    drawn = terminal.getvalue()
    assert "epochs" in drawn
    assert "1,200/2,000" in drawn
    assert "epoch 3" in drawn


def test_elsewhere_a_step_is_plain_lines(caplog):
    caplog.set_level(logging.INFO, logger="ltr")
    with Progress("train") as shown, shown.step("epochs") as step:
        step.say("epoch 1")
    assert caplog.messages[0] == "train: epochs: epoch 1"
    assert caplog.messages[1].startswith("train: epochs done in ")


def test_a_long_step_says_every_ten_seconds_how_far_it_is(caplog, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("pipelines.progress.time.monotonic", lambda: now[0])
    caplog.set_level(logging.INFO, logger="ltr")
    with Progress("train") as shown, shown.step("epochs") as step:
        step.expect(30)
        for _ in range(30):
            now[0] += 1
            step.advance()
    assert caplog.messages == [
        "train: epochs, 10 of 30",
        "train: epochs, 20 of 30",
        "train: epochs, 30 of 30",
        "train: epochs done in 30.0 s",
    ]


def test_a_long_step_of_unknown_length_says_what_is_done(caplog, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("pipelines.progress.time.monotonic", lambda: now[0])
    caplog.set_level(logging.INFO, logger="ltr")
    with Progress("evaluate") as shown, shown.step("measure") as step:
        now[0] += 11
        step.advance()
    assert caplog.messages == ["evaluate: measure, 1", "evaluate: measure done in 11.0 s"]


def test_a_step_that_fails_is_not_said_to_be_done(caplog):
    def fail():
        with Progress("train") as shown, shown.step("epochs"):
            raise ValueError("broken")  # noqa: EM101 - never read

    with caplog.at_level(logging.INFO, logger="ltr"), pytest.raises(ValueError, match="broken"):
        fail()
    assert caplog.messages == []


def test_a_step_can_begin_where_another_one_was_left(monkeypatch):
    terminal = terminal_of(monkeypatch)
    with Progress("train") as shown, shown.step("epochs") as step:
        step.expect(2000)
        step.advance(1500)
        step.advance()
    assert "1,501/2,000" in terminal.getvalue()


def test_a_hidden_job_draws_nothing_on_a_terminal(monkeypatch):
    terminal = terminal_of(monkeypatch)
    with Progress("train", hidden=True) as shown, shown.step("epochs") as step:
        step.advance()
    assert terminal.getvalue() == ""
