import datetime
import json
import logging
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cli import main
from pipelines.errors import JobError
from pipelines.nightly.outcome import RuleRecord
from pipelines.telemetry import (
    EventLog,
    TelemetryError,
    open_events,
    set_up_logging,
    tell_end,
    tell_error,
)
from pipelines.telemetry._json import MAX_TEXT, json_line
from tests.telemetry.nights import failed, night

DATE = datetime.date(2026, 11, 21)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def told(capsys):
    """Runs something with a log of JSON, and gives every line of it."""

    def run(tell):
        set_up_logging("json")
        logging.getLogger("ltr").setLevel(logging.INFO)
        tell()
        return [json.loads(line) for line in capsys.readouterr().err.split("\n") if line]

    return run


def test_an_event_is_one_line_with_time_level_date_and_run(told):
    events = open_events(DATE)

    def tell():
        with events:
            events.emit("step_finished", step="train", seconds=61.2, skipped=False)

    (line,) = told(tell)
    moment = datetime.datetime.fromisoformat(line.pop("time"))
    assert moment.utcoffset() == datetime.timedelta(0)
    assert abs(moment - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=1)
    assert line == {
        "level": "info",
        "event": "step_finished",
        "date": "2026-11-21",
        "run": events.run,
        "logger": "ltr.events",
        "step": "train",
        "seconds": 61.2,
        "skipped": False,
    }


def test_every_ordinary_line_becomes_json_and_carries_the_run_while_it_is_open(told):
    def tell():
        log = logging.getLogger("ltr.training")
        with EventLog(DATE, "r1"):
            log.info("epoch %d: 100%% of it", 3)
        log.warning("two\nlines")

    within, after = told(tell)
    assert (within["event"], within["message"], within["run"]) == (
        "log",
        "epoch 3: 100% of it",
        "r1",
    )
    assert (after["level"], after["message"]) == ("warning", "two\nlines")
    assert "run" not in after


def test_the_error_that_ended_a_run_carries_it_too(told):
    def tell():
        error = JobError("read: no log")
        with pytest.raises(JobError, match="no log"), EventLog(DATE, "r1"):
            raise error
        tell_error(error, error.exit_code)

    (line,) = told(tell)
    assert (line["event"], line["run"], line["date"]) == ("error", "r1", "2026-11-21")


def test_runs_have_ids_of_their_own():
    assert open_events(DATE).run != open_events(DATE).run


def test_a_field_that_every_line_has_is_refused():
    with pytest.raises(ValueError, match="must not be named as what every line has; got 'time'"):
        open_events(DATE).emit("drift", time=3)


def test_people_hear_what_has_words_alone():
    code = (
        "import logging; from pipelines.telemetry import open_events, set_up_logging\n"
        "set_up_logging('human'); logging.getLogger('ltr').setLevel(logging.INFO)\n"
        "with open_events() as events:\n"
        "    events.emit('night_started', 'night of 2026-11-21: 100% begun')\n"
        "    events.emit('step_started', step='prepare')\n"
    )
    assert run_python(code).stderr == "night of 2026-11-21: 100% begun\n"


class Broken:
    def __str__(self):
        raise RuntimeError


@given(
    st.recursive(
        st.text() | st.floats() | st.integers() | st.binary() | st.none() | st.dates(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    )
)
def test_whatever_is_told_is_one_line_of_valid_json(value):
    line = json_line({"says": value})
    assert "\n" not in line
    json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    line.encode("ascii")


def test_values_of_other_kinds_are_told_too():
    told = {
        "surrogate": "\ud800",
        "numpy": np.float32(0.5),
        "torch": torch.tensor(3),
        "nan": math.nan,
        "path": Path("a/b"),
        "record": night().rules[0],
        "set": {1},
        "broken": Broken(),
        "code": night().exit_code,
    }
    read = json.loads(json_line(told))
    assert read["record"]["rule"] == "headline"
    assert {name: value for name, value in read.items() if name != "record"} == {
        "surrogate": "\ufffd",
        "numpy": 0.5,
        "torch": 3,
        "nan": None,
        "path": "a/b",
        "set": [1],
        "broken": "<Broken>",
        "code": 0,
    }


def test_a_long_text_keeps_its_end_and_no_half_of_a_secret(monkeypatch):
    monkeypatch.setenv("A_TOKEN", "s3cr3t-s3cr3t")
    told = json.loads(json_line({"text": "s3cr3t-s3cr3t" + "x" * (MAX_TEXT - 5)}))["text"]
    assert len(told) <= MAX_TEXT + 2
    assert "cr3t" not in told


def test_the_error_of_a_command_is_an_event(tmp_path, capsys):
    assert main(["--log-format", "json", "prepare", str(tmp_path / "none.toml")]) == 2
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (line["level"], line["event"], line["exit_code"]) == ("error", "error", 2)
    assert line["error"].endswith("none.toml: cannot be read (No such file or directory)")


def test_a_format_that_there_is_not_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("LTR_LOG_FORMAT", "yaml")
    assert main(["prepare", "job.toml"]) == 2
    said = "LTR_LOG_FORMAT: must be json, human or auto; got 'yaml'"
    assert capsys.readouterr().err == f"ltr: error: {said}\n"
    with pytest.raises(TelemetryError, match=r"^--log-format: must be json, human or auto"):
        set_up_logging("xml")


def run_python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


BUG = """
import logging, warnings
from pipelines.telemetry import set_up_logging
set_up_logging()
warnings.warn("careful with s3cr3t-s3cr3t")
try:
    raise ValueError("caught s3cr3t-s3cr3t")
except ValueError:
    logging.getLogger("ltr").exception("told s3cr3t-s3cr3t")
if FORMAT == "json":
    logging.getLogger("ltr").warning("epoch %d", "three")
raise ValueError("not caught s3cr3t-s3cr3t")
"""


def test_bugs_and_warnings_are_lines_of_json_without_secrets():
    done = run_python(
        BUG.replace("FORMAT", "'json'"), LTR_LOG_FORMAT="json", A_TOKEN="s3cr3t-s3cr3t"
    )
    warned, caught, odd, bug = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert "careful with ***" in warned["message"]
    assert caught["traceback"].endswith("ValueError: caught ***\n")
    assert odd["message"] == "epoch %d ('three',)"
    assert bug["traceback"].endswith("ValueError: not caught ***\n")
    assert (bug["level"], bug["kind"], bug["exit_code"]) == ("critical", "ValueError", 1)
    assert "s3cr3t" not in done.stderr


def test_people_see_tracebacks_without_secrets():
    done = run_python(
        BUG.replace("FORMAT", "'human'"), LTR_LOG_FORMAT="human", A_TOKEN="s3cr3t-s3cr3t"
    )
    assert done.stderr.endswith("ValueError: not caught ***\n")
    assert "s3cr3t" not in done.stderr


def test_processes_begun_from_a_run_write_lines_of_the_same_run():
    code = (
        "import logging, subprocess, sys\n"
        "from pipelines.telemetry import EventLog, set_up_logging\n"
        "set_up_logging('json')\n"
        "inner = 'import logging; from pipelines.telemetry import set_up_logging;'\n"
        'inner += \'set_up_logging(); logging.getLogger("ltr").warning("inner")\'\n'
        "with EventLog(None, 'r7'):\n"
        "    subprocess.run([sys.executable, '-c', inner], check=True)\n"
    )
    (line,) = [json.loads(line) for line in run_python(code).stderr.splitlines()]
    assert (line["message"], line["run"], line["date"]) == ("inner", "r7", None)


def test_the_end_of_a_night_is_told_in_lines_that_no_collector_cuts(told):
    rules = tuple(
        RuleRecord(
            rule="drift", subject=f"column {n}", passed=n > 0, value=n, limit=1, says="…" * 99
        )
        for n in range(500)
    )
    outcome = night(rules=rules, seconds={"train": 61.0, "score": 2.0})

    def tell():
        with EventLog(DATE, "r1") as events:
            tell_end(events, outcome)

    lines = told(tell)
    assert [one["event"] for one in lines] == [
        *("drift", "decision", "promoted", "scored", "night_finished")
    ]
    assert lines[0]["subject"] == "column 0"
    assert lines[1]["broken"] == ["drift: column 0"]
    assert lines[-1]["seconds"] == {"train": 61.0, "score": 2.0}
    assert max(len(json.dumps(line)) for line in lines) < 4_000


def test_a_failed_night_is_an_error(told):
    def tell():
        with EventLog(DATE, "r1") as events:
            tell_end(events, failed("the disk is full"))

    (line,) = told(tell)
    assert (line["event"], line["level"], line["status"]) == ("night_finished", "error", "failed")
    assert line["error"] == "the disk is full"
