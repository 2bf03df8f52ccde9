import datetime
import shutil
import signal
import subprocess
import time

import pytest

from pipelines.nightly.outcome import Exit
from tests.deploy.pieces import DEPLOY, arguments, stub_ltr

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]


@pytest.fixture(params=SHELLS)
def wrapper(request):
    return [request.param, str(DEPLOY / "ltr-night")]


@pytest.mark.parametrize("code", list(Exit))
def test_every_code_is_passed_on_but_a_kept_champion_is_no_failure(wrapper, tmp_path, code):
    done = subprocess.run([*wrapper, "job.toml"], check=False, env=stub_ltr(tmp_path, code))
    assert done.returncode == (0 if code == Exit.KEPT else code)


def test_the_date_is_yesterday_in_utc_and_options_are_passed_on(wrapper, tmp_path):
    today = datetime.datetime.now(datetime.UTC).date()
    subprocess.run([*wrapper, "job.toml", "--out", "o"], check=True, env=stub_ltr(tmp_path, 0))
    later = datetime.datetime.now(datetime.UTC).date()
    yesterdays = {str(day - datetime.timedelta(days=1)) for day in (today, later)}
    command, option, date, *rest = arguments(tmp_path)
    assert (command, option, rest) == ("nightly", "--date", ["job.toml", "--out", "o"])
    assert date in yesterdays


def test_another_date_can_be_given(wrapper, tmp_path):
    environment = {**stub_ltr(tmp_path, 0), "LTR_DATE": "2026-11-21"}
    subprocess.run([*wrapper, "job.toml"], check=True, env=environment)
    assert arguments(tmp_path) == ["nightly", "--date", "2026-11-21", "job.toml"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("code", [Exit.STOPPED, Exit.PROMOTED])
def test_a_signal_reaches_the_night_and_its_end_is_waited_for(wrapper, tmp_path, number, code):
    environment = stub_ltr(tmp_path, code, sleeps=True)
    # What tests under nohup pass on, a signal that is ignored, no shell can catch.
    heard = ["env", "--default-signal", *wrapper, "job.toml"]
    with subprocess.Popen(heard, env=environment) as process:
        for _ in range(1000):
            if (tmp_path / "begun").exists():
                break
            time.sleep(0.01)
        process.send_signal(number)
        try:
            assert process.wait(20) == code
        finally:
            process.kill()
    assert (tmp_path / "signal").exists()


def test_without_a_job_it_says_how_it_is_used(wrapper, tmp_path):
    done = subprocess.run(
        wrapper, check=False, env=stub_ltr(tmp_path, 0), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (
        2,
        "usage: ltr-night JOB [options of ltr nightly]\n",
    )


def test_where_there_is_no_ltr_it_fails(wrapper, tmp_path):
    environment = stub_ltr(tmp_path, 0)
    (tmp_path / "bin" / "ltr").unlink()
    done = subprocess.run([*wrapper, "job.toml"], check=False, env=environment, capture_output=True)
    assert done.returncode == 127


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="needs shellcheck")
def test_shellcheck_finds_nothing():
    subprocess.run(["shellcheck", str(DEPLOY / "ltr-night")], check=True)
