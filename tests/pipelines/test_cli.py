import json
import signal
import subprocess
import sys

import polars as pl
import pytest
from filelock import FileLock

from ltr.data.manifest import Manifest
from pipelines.cli import main
from tests.pipelines.job_tables import events, log

JOB = """
output = "run"
[log]
path = "log.parquet"
query = "request"
document = "item"
time = "shown"
position = "rank"
session = "visit"
[events]
path = "events.parquet"
session = "visit"
document = "item"
time = "at"
action = "what"
counts = { clicks = "click" }
[[grades]]
grade = 1
when = "clicks > 0"
[features.document]
ids = ["item"]
min_count = 1
"""


@pytest.fixture
def folder(tmp_path):
    log().write_parquet(tmp_path / "log.parquet")
    events().write_parquet(tmp_path / "events.parquet")
    (tmp_path / "job.toml").write_text(JOB.replace("min_count = 1", ""))
    return tmp_path


def ltr(*arguments):
    return main([str(argument) for argument in arguments])


def refused(capsys, *arguments):
    """Run a command that must fail, and return the one line that it says why."""
    assert ltr(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    last = printed.err.splitlines()[-1]
    assert last.startswith("ltr: error: ")
    return last.removeprefix("ltr: error: ")


def test_prepare_says_what_it_wrote(folder, capsys):
    assert ltr("prepare", folder / "job.toml") == 0
    said = capsys.readouterr().out
    assert said.splitlines() == [
        f"prepare: wrote {folder / 'run' / 'lists'}",
        "  train 7 lists of 21 documents, validation 1 lists of 3 documents, test 2 lists of 6 "
        "documents",
        "  30 of 30 rows used",
        "  10 of 15 events used",
        "    5 not: action is not counted",
    ]
    assert Manifest.load(folder / "run" / "lists", verify=True).rows.kept == 30


def test_the_steps_are_told_as_plain_lines_where_there_is_no_terminal(folder, capsys):
    ltr("prepare", folder / "job.toml")
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("prepare: grade done in ") for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_log_and_out_go_before_the_job_file(folder, tmp_path_factory, capsys):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in ("log.parquet", "events.parquet"):
        (folder / name).rename(elsewhere / name)
    assert ltr("prepare", folder / "job.toml", "--log", elsewhere, "--out", folder / "out") == 0
    assert (folder / "out" / "lists" / "manifest.json").exists()
    assert "out/lists" in capsys.readouterr().out


def without(column):
    return log().drop(column)


@pytest.mark.parametrize(
    ("impressions", "message"),
    [
        (
            without("item"),
            "read: log.parquet: log.document names column 'item'; found request, shown",
        ),
        (
            log().cast({"rank": pl.String}),
            "read: log.parquet: log.position: column 'rank' must hold",
        ),
        (log().clear(), "read: the log must have rows; found none"),
        (log().with_columns(visit=pl.lit("none")), "label: some list of the train part must have"),
    ],
)
def test_a_log_that_does_not_fit_is_one_clear_line_and_nothing_is_written(
    folder, capsys, impressions, message
):
    impressions.write_parquet(folder / "log.parquet")
    assert refused(capsys, "prepare", folder / "job.toml").startswith(message)
    assert [path.name for path in (folder / "run").iterdir()] == [".lock"]


def test_a_missing_log_is_named(folder, capsys):
    (folder / "log.parquet").unlink()
    assert refused(capsys, "prepare", folder / "job.toml").endswith("found no file")


def test_a_broken_file_is_one_clear_line(folder, capsys):
    content = (folder / "log.parquet").read_bytes()
    (folder / "log.parquet").write_bytes(content[: len(content) // 2])
    said = refused(capsys, "prepare", folder / "job.toml")
    assert said.startswith(
        f"read: {folder / 'log.parquet'} must be a readable .parquet file; found"
    )


def test_a_misspelt_key_is_answered_with_the_right_one(folder, capsys):
    (folder / "job.toml").write_text(JOB.replace("position =", "positon ="))
    said = refused(capsys, "prepare", folder / "job.toml")
    assert said == f"{folder / 'job.toml'}: log.positon: unknown key; did you mean 'position'?"


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_run_without_lists_is_not_begun(folder, capsys, command):
    said = refused(capsys, command, folder / "job.toml", "--out", folder / "typo")
    assert said == f"{folder / 'typo' / 'lists'}: there are no lists yet; run ltr prepare first"
    assert not (folder / "typo").exists()


def test_a_missing_job_file_is_named(tmp_path, capsys):
    assert "none.toml: cannot be read" in refused(capsys, "run", tmp_path / "none.toml")


def test_an_output_folder_that_cannot_be_made_is_named(folder, capsys):
    (folder / "run").write_text("a file stands here")
    said = refused(capsys, "prepare", folder / "job.toml")
    assert said == f"{folder / 'run'}: the output folder cannot be written (File exists)"


def test_two_jobs_never_write_into_one_folder(folder, capsys):
    (folder / "run").mkdir()
    with FileLock(folder / "run" / ".lock"):
        said = refused(capsys, "prepare", folder / "job.toml")
    assert said == f"{folder / 'run'}: another job is writing into this folder"


def test_an_unknown_command_or_option_is_refused(capsys):
    assert ltr("prepaer") == 2
    assert "prepaer" in capsys.readouterr().err


def test_a_killed_job_leaves_the_old_lists_and_the_next_one_cleans_up(folder):
    assert ltr("prepare", folder / "job.toml") == 0
    before = (folder / "run" / "lists" / "manifest.json").read_text()
    killed = (
        "import os, signal, sys, pipelines.jobs.prepare as job, pipelines.cli as cli;"
        "job._split = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        "cli.main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", killed, "prepare", str(folder / "job.toml")]
    log(20).write_parquet(folder / "log.parquet")
    events(20).write_parquet(folder / "events.parquet")
    done = subprocess.run(command, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    assert (folder / "run" / "lists" / "manifest.json").read_text() == before
    assert len(list((folder / "run").glob(".lists.*"))) == 2
    assert ltr("prepare", folder / "job.toml") == 0
    assert json.loads((folder / "run/lists/manifest.json").read_text())["rows"]["read"] == 60
    assert len(list((folder / "run").glob(".lists.*"))) == 1


@pytest.mark.parametrize("missing", ["typer", "polars"])
def test_a_missing_extra_is_named(folder, missing):
    hidden = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv[0] = 'ltr';"
        "from pipelines.entry import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", hidden, "prepare", str(folder / "job.toml")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"ltr: error: {missing} is not installed; the commands need")
    assert len(done.stderr.splitlines()) == 1
