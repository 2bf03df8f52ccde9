import json
import logging
import os
import time

import pytest

from pipelines.config import Notify
from pipelines.telemetry import _webhook, notify
from tests.telemetry.nights import failed, night
from tests.telemetry.receiver import DRIPPING, SLOW, receiver

SECRET = "T0PS3CRETPATH"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(_webhook, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(_webhook, "LONGEST_WAIT_S", 0.02)


@pytest.fixture
def warnings(caplog):
    caplog.set_level(logging.WARNING)

    def said():
        text = "\n".join(caplog.messages)
        assert SECRET not in text
        return text

    return said


def hook(monkeypatch, server, **changes):
    monkeypatch.setenv("NIGHT_HOOK", server.url(f"/services/{SECRET}"))
    return Notify(url_env="NIGHT_HOOK", **changes)


def test_a_web_hook_gets_the_outcome_and_a_sentence_for_people(monkeypatch, warnings):
    with receiver(200) as server:
        assert notify(night(), hook(monkeypatch, server))
    (body,) = server.bodies
    assert body["text"] == "ltr: night of 2026-11-21: promoted v0007 (ndcg@10: +0.0120)"
    assert (body["status"], body["exit_code"], body["rules"][1]["passed"]) == ("promoted", 0, False)
    assert server.headers[0]["Content-Type"] == "application/json"
    assert warnings() == ""


def test_a_receiver_can_tell_the_same_told_again_from_another_failure(monkeypatch):
    other = failed("log/2026-11-21.parquet is missing")
    with receiver(503, 200, 200, 200) as server:
        for told in (failed("the disk is full"), failed("the disk is full"), other):
            assert notify(told, hook(monkeypatch, server))
    keys = [one["Idempotency-Key"] for one in server.headers]
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_a_server_that_is_not_ready_is_asked_again(monkeypatch, warnings):
    with receiver(500, 429, 204) as server:
        assert notify(night(), hook(monkeypatch, server))
    assert len(server.bodies) == 3
    assert warnings() == ""


def test_a_server_that_stays_broken_is_asked_as_often_as_the_job_says(monkeypatch, warnings):
    with receiver(503) as server:
        assert not notify(night(), hook(monkeypatch, server, attempts=2))
    assert len(server.bodies) == 2
    assert warnings() == (
        "notify.url_env: HTTP 503 (tries: 2) from what NIGHT_HOOK names; "
        "the night's outcome stays what it is"
    )


@pytest.mark.parametrize("status", [302, 400, 404, 410])
def test_what_will_not_be_otherwise_is_not_tried_again(monkeypatch, warnings, status):
    with receiver(status) as server:
        assert not notify(night(), hook(monkeypatch, server))
    assert len(server.bodies) == 1
    assert f"HTTP {status}, which is not tried again" in warnings()


def test_a_server_that_does_not_answer_is_left(monkeypatch, warnings):
    with receiver(SLOW) as server:
        assert not notify(night(), hook(monkeypatch, server, timeout=0.1, attempts=2))
    assert "no answer within 0.1 s (tries: 2)" in warnings()


def test_a_server_that_never_ends_its_answer_is_left(monkeypatch, warnings):
    monkeypatch.setattr(_webhook, "SLACK_S", -9.5)
    with receiver(DRIPPING) as server:
        assert not notify(night(), hook(monkeypatch, server, timeout=10.0, attempts=1))
    assert "no answer of what NIGHT_HOOK names within 0.52 s" in warnings()


def test_a_server_that_is_not_there_is_warned_of(monkeypatch, warnings):
    monkeypatch.setenv("NIGHT_HOOK", f"http://127.0.0.1:9/services/{SECRET}")
    assert not notify(night(), Notify(url_env="NIGHT_HOOK", attempts=2))
    assert "no connection (ConnectError) (tries: 2)" in warnings()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "the environment variable NIGHT_HOOK is not set"),
        (" ", "the environment variable NIGHT_HOOK is not set"),
        (f"ftp://host/{SECRET}", "what NIGHT_HOOK holds is no address that begins with http"),
        (f"http://[{SECRET}", "from what NIGHT_HOOK names"),
    ],
)
def test_an_address_that_is_none_is_warned_of(monkeypatch, warnings, value, says):
    monkeypatch.delenv("NIGHT_HOOK", raising=False)
    if value is not None:
        monkeypatch.setenv("NIGHT_HOOK", value)
    assert not notify(night(), Notify(url_env="NIGHT_HOOK"))
    assert says in warnings()


def test_ends_that_nobody_wants_to_hear_of_are_not_told(monkeypatch):
    with receiver(200) as server:
        told = hook(monkeypatch, server, on=["failed"])
        assert notify(night(), told)
        assert notify(failed(), told)
    assert [body["text"] for body in server.bodies] == [
        "ltr: night of 2026-11-21: failed: read: the log must have rows; found none"
    ]


def test_a_command_gets_the_outcome_on_standard_input(tmp_path):
    file = tmp_path / "outcome.json"
    told = Notify(command=("sh", "-c", f"echo said; cat > '{file.name}'"))
    assert notify(night(status="kept", exit_code=10), told, folder=tmp_path)
    assert json.loads(file.read_text())["text"].startswith("ltr: night of 2026-11-21: kept v0007")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["no-such-program"], "no-such-program cannot be started (No such file or directory)"),
        (["sh", "-c", "echo broken >&2; exit 3"], "sh ended with code 3: broken"),
        (["sh", "-c", "kill -9 $$"], "sh ended with code -9"),
        (["sh", "-c", "sleep 30 & sleep 30"], "sh took more than 0.2 s and was ended"),
    ],
)
def test_a_command_that_fails_is_warned_of(warnings, command, says):
    is_slow = "took more" in says
    assert not notify(night(), Notify(command=command, timeout=0.2 if is_slow else 10.0))
    assert f"notify.command: {says}" in warnings()


def test_what_a_command_began_ends_with_it(tmp_path, warnings):
    begun = "sleep 30 & echo $! > pid; wait"
    assert not notify(night(), Notify(command=("sh", "-c", begun), timeout=3.0), folder=tmp_path)
    child = int((tmp_path / "pid").read_text())
    for _ in range(200):
        if not _runs(child):
            break
        time.sleep(0.01)
    assert not _runs(child)
    assert "took more than" in warnings()


def _runs(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{process}/stat") as stat:  # noqa: PTH123 - gone when it ends
        return stat.read().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_command_that_does_not_read_is_no_failure():
    assert notify(night(error="x" * 200_000), Notify(command=("true",)))


def test_one_hook_that_fails_does_not_keep_the_other_from_hearing(monkeypatch, tmp_path, warnings):
    with receiver(400) as server:
        told = hook(monkeypatch, server, command=["sh", "-c", "cat > told"])
        assert not notify(night(), told, folder=tmp_path)
    assert json.loads((tmp_path / "told").read_text())["status"] == "promoted"
    assert "HTTP 400" in warnings()


def test_a_failure_that_nobody_foresaw_is_warned_of_too(monkeypatch, warnings):
    def explode(*_, **__):
        msg = f"boom at {SECRET}"
        raise RuntimeError(msg.replace(SECRET, "***"))

    monkeypatch.setattr("pipelines.telemetry._hooks.post", explode)
    assert not notify(night(), Notify(url_env="NIGHT_HOOK"))
    assert "boom" in warnings()
