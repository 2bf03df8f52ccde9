"""The line of cron, the units of systemd and the DAG of Airflow do what their comments say."""

import configparser
import re
import runpy
import shutil
import subprocess
import sys
import types

import pytest

from pipelines.nightly.outcome import Exit
from tests.deploy.pieces import DEPLOY, arguments, stub_ltr

SERVICE, TIMER = (DEPLOY / "systemd" / f"ltr-night.{kind}" for kind in ("service", "timer"))


def crontab():
    """The variables of the crontab, and the fields of its one line."""
    text = (DEPLOY / "ltr.cron").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    variables = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    (line,) = lines[len(variables) :]
    return variables, line.split(maxsplit=6)


def test_the_line_of_cron_is_one():
    variables, (minute, hour, *days, user, command) = crontab()
    assert (minute, hour, days, user) == ("0", "2", ["*", "*", "*"], "ltr")
    assert variables["SHELL"] == "/bin/sh"
    assert "%" not in command, "cron takes it for the end of the line"
    assert (DEPLOY / "ltr.cron").read_text().endswith("\n"), "cron passes over a line without end"


def test_the_command_of_cron_runs_with_the_secrets_and_logs(tmp_path):
    (tmp_path / "secrets.env").write_text((DEPLOY / "systemd/secrets.env.example").read_text())
    variables, (*_, command) = crontab()
    for place in ("/etc/ltr", "/var/log/ltr"):
        command = command.replace(f"{place}/", f"{tmp_path}/")
    stub = stub_ltr(tmp_path, Exit.KEPT)
    (tmp_path / "bin" / "ltr").write_text('#!/bin/sh\necho "$LTR_WEBHOOK" "$LTR_LOG_FORMAT" "$@"\n')
    shutil.copy(DEPLOY / "ltr-night", tmp_path / "bin")
    environment = {**variables, "PATH": stub["PATH"]}
    done = subprocess.run(["/bin/sh", "-c", command], check=True, env=environment)
    assert done.returncode == 0
    said = (tmp_path / "night.log").read_text().split()
    assert said[:2] == ["https://hooks.example/replace-me", "json"]
    assert said[2:4] == ["nightly", "--date"]


def unit(path):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return {name: dict(parser[name]) for name in parser.sections()}


def test_the_service_handles_the_exit_codes_and_waits_for_the_snapshot():
    service = unit(SERVICE)["Service"]
    assert service["RestartForceExitStatus"] == str(int(Exit.BUSY))
    assert service["SuccessExitStatus"] == str(int(Exit.STOPPED))
    assert (service["Type"], service["Restart"], service["KillMode"]) == ("exec", "no", "mixed")
    assert service["TimeoutStopSec"] == "5min"
    assert service["ExecStart"].split()[0] == "/usr/local/bin/ltr-night"
    assert service["EnvironmentFile"] == "-/etc/ltr/secrets.env"


def test_the_timer_starts_the_service_of_its_name_every_night():
    timer = unit(TIMER)
    assert TIMER.stem == SERVICE.stem
    assert timer["Timer"]["OnCalendar"] == "*-*-* 02:00:00 UTC"
    assert timer["Timer"]["Persistent"] == "yes"
    assert timer["Install"]["WantedBy"] == "timers.target"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    # Its check wants the program to be there.
    program = tmp_path / "ltr-night"
    shutil.copy(DEPLOY / "ltr-night", program)
    for path in (SERVICE, TIMER):
        text = path.read_text().replace("/usr/local/bin/ltr-night", str(program))
        (tmp_path / path.name).write_text(text)
    units = [str(tmp_path / path.name) for path in (SERVICE, TIMER)]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        check=False,
        capture_output=True,
        text=True,
    )
    told = [line for line in done.stderr.splitlines() if "ltr-night" in line]
    assert told == []
    assert done.returncode == 0, done.stderr


class Skipped(Exception):  # noqa: N818 - Airflow's word
    pass


class Failed(Exception):  # noqa: N818 - Airflow's word
    pass


class BashOperator:
    """What Airflow's does with a command and its exit code; no more."""

    def __init__(self, *, task_id, bash_command, skip_on_exit_code=99, append_env=False, **others):
        self.task_id, self.command, self.others = task_id, bash_command, others
        codes = skip_on_exit_code if isinstance(skip_on_exit_code, list) else [skip_on_exit_code]
        self.skip_codes, self.append_env = codes, append_env
        self.after = []
        DAG.current.tasks[task_id] = self

    def __rshift__(self, other):
        other.after.append(self)
        return other

    def execute(self, context, env):
        command = re.sub(r"{{ *(\w+) *\| *ds *}}", lambda one: context[one[1]], self.command)
        assert "{{" not in command
        code = subprocess.run(["bash", "-c", command], check=False, env=env).returncode
        if code in self.skip_codes:
            raise Skipped(code)
        if code:
            raise Failed(code)


class DAG:
    current: "DAG"

    def __init__(self, **settings):
        self.settings, self.tasks = settings, {}

    def __enter__(self):
        DAG.current = self
        return self

    def __exit__(self, *_):
        pass


def cron_of(cron, *, timezone):
    assert timezone == "UTC"
    return cron


@pytest.fixture
def dag(monkeypatch):
    """The DAG, made with stand-ins: Airflow itself is not installed here."""

    def module(name, **content):
        made = types.ModuleType(name)
        vars(made).update(content)
        monkeypatch.setitem(sys.modules, name, made)

    module("airflow.providers.standard.operators.bash", BashOperator=BashOperator)
    module("airflow.sdk", DAG=DAG)
    module("airflow.timetables.interval", CronDataIntervalTimetable=cron_of)
    for name in ("airflow", "airflow.providers", "airflow.providers.standard"):
        module(name)
    module("airflow.providers.standard.operators")
    module("airflow.timetables")
    return runpy.run_path(str(DEPLOY / "airflow" / "ltr_nightly.py"))["dag"]


def test_the_dag_runs_one_night_at_a_time_and_publishes_after_it(dag):
    assert dag.settings["schedule"] == "0 2 * * *"
    assert (dag.settings["max_active_runs"], dag.settings["catchup"]) == (1, False)
    assert [one.task_id for one in dag.tasks["publish"].after] == ["night"]
    assert dag.tasks["night"].others["retries"] > 0


@pytest.mark.parametrize(
    ("code", "end"),
    [
        (Exit.PROMOTED, None),
        (Exit.KEPT, Skipped),
        (Exit.BUSY, Failed),
        (Exit.STOPPED, Failed),
        (Exit.BAD_INPUT, Failed),
    ],
)
def test_the_task_ends_as_the_exit_code_says(dag, tmp_path, code, end):
    night, context = dag.tasks["night"], {"data_interval_start": "2026-11-21"}
    if end is None:
        night.execute(context, stub_ltr(tmp_path, code))
    else:
        with pytest.raises(end, match=f"^{int(code)}$"):
            night.execute(context, stub_ltr(tmp_path, code))
    told = arguments(tmp_path)
    assert told[:3] == ["--log-format", "json", "nightly"]
    assert told[-2:] == ["--date", "2026-11-21"]
