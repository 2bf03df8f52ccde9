"""A night is given secrets in every way that there is, and all that it wrote is searched."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.telemetry.receiver import receiver

ROOT = Path(__file__).parents[2]
SECRET = "s3cr3t4567"
JOB = """
output = "run"
[log]
path = "impressions/{date}.parquet"
days = 2
query = "request_id"
document = "document_id"
time = "time"
position = "position"
session = "session_id"
[events]
path = "events/{date}.parquet"
session = "session_id"
document = "document_id"
time = "time"
action = "action"
counts = { clicks = "click" }
[[grades]]
grade = 1
when = "clicks > 0"
[features.document]
ids = ["category"]
[towers]
embedding_dim = 4
[training]
epochs = 1
[evaluation]
resamples = 100
[gate]
min_lists = 2
[notify]
on = ["promoted", "kept", "failed", "stopped"]
url_env = "NIGHT_ADDRESS"
timeout = 5
attempts = 1
textfile = "run/night.prom"
command = ["sh", "-c", "cat > told.json; echo said $A_TOKEN >&2; exit 4"]
"""


@pytest.fixture
def night(tmp_path):
    """Runs a night whose web hook answers so; gives what became of it, and the hook's requests."""
    (tmp_path / "job.toml").write_text(JOB)

    def run(answer, log_format, before="pass"):
        with receiver(answer) as server:
            environment = {
                "A_TOKEN": f"{SECRET}-token",
                "AWS_SECRET_ACCESS_KEY": f"{SECRET}-key",
                "NIGHT_ADDRESS": server.url(f"/services/{SECRET}?sig={SECRET}-sig"),
                "LTR_LOG_FORMAT": log_format,
                "PYTHONPATH": str(ROOT),
            }
            code = f"import sys; from pipelines.cli import main; {before}; sys.exit(main())"
            job = ["nightly", "job.toml", "--date", "2026-10-13"]
            done = subprocess.run(
                [sys.executable, "-c", code, *job, "--log", str(ROOT / "sample_data")],
                check=False,
                capture_output=True,
                cwd=tmp_path,
                env={**os.environ, **environment},
            )
            return done, server.bodies

    return run


def held(folder):
    """Every file below a folder that holds the secret, and how many there are in all."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if SECRET.encode() in path.read_bytes()], len(files)


def test_a_night_that_ends_well_writes_no_secret(night, tmp_path):
    done, sent = night(400, "json")
    said = done.stdout + done.stderr
    assert done.returncode in (0, 10), said.decode()
    assert SECRET.encode() not in said
    found, files = held(tmp_path)
    assert found == []
    assert files > 15
    assert len(sent) == 1
    assert b"HTTP 400, which is not tried again from what NIGHT_ADDRESS names" in done.stderr
    assert b"notify.command: sh ended with code 4: said ***" in done.stderr
    assert all(json.loads(line)["time"] for line in done.stderr.splitlines())
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["exit_code"] == done.returncode, "a hook that fails changes nothing"


BROKEN = """
import os, pipelines.nightly.night as night
def fail(_):
    raise RuntimeError("at " + os.environ["NIGHT_ADDRESS"] + " with " + os.environ["A_TOKEN"])
night.drift_of = fail
"""


def test_a_bug_that_tells_secrets_is_shown_without_them(night, tmp_path):
    done, sent = night(200, "human", f"exec({BROKEN!r})")
    assert done.returncode == 1
    assert b"RuntimeError: at *** with ***" in done.stderr
    assert SECRET.encode() not in done.stdout + done.stderr
    assert held(tmp_path)[0] == []
    told = json.loads((tmp_path / "told.json").read_text())
    assert (told["status"], told["error"]) == ("failed", "at *** with ***")
    assert sent == [told]
