"""docs/operations.md tells what is true: exit codes, events, metrics, and what is printed."""

import re
import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from prometheus_client.parser import text_string_to_metric_families

import pipelines.cli
from pipelines.commands.night import nightly
from pipelines.nightly.outcome import Exit
from pipelines.nightly.stop import Stop, StoppedError
from pipelines.telemetry import write_textfile
from tests.docs.blocks import blocks
from tests.nightly.small import day, night, write_day
from tests.telemetry.nights import night as outcome

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "operations.md"


def table(heading):
    """The rows of the first table below a heading."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    rows = re.findall(r"^\| (.*) \|$", text.partition("\n## ")[0], re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows[1:] if "---" not in row]


def test_the_exit_codes_are_those_of_the_code():
    told = {int(row[0]): row[1].strip("`") for row in table("Exit codes")}
    assert {code: name for code, name in told.items() if name} == {
        int(one): one.name for one in Exit
    }
    assert set(told) - set(Exit) == {3}


def test_the_command_line_tells_the_same_codes():
    told = (pipelines.cli.__doc__ or "").partition("Exit codes")[2]
    assert {int(code) for code in re.findall(r"\b(\d+) [a-z]", told)} == {
        int(row[0]) for row in table("Exit codes")
    }
    short = nightly.__doc__ or ""
    assert {int(code) for code in re.findall(r"(\d+) [a-z]", short)} <= set(Exit)


def test_the_readme_tells_the_same_codes():
    told = (ROOT / "README.md").read_text(encoding="utf-8").partition("A night ends with")[2]
    codes = re.findall(r"\b(\d+) [a-z]", told.partition(";")[0])
    assert {int(code) for code in codes} == set(Exit) - {Exit.INTERRUPTED}


def test_pages_that_tell_a_part_of_the_codes_tell_no_others():
    codes = {int(row[0]) for row in table("Exit codes")}
    for page in ("nightly.md", "training.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        told = re.findall(r"^\| (\d+(?:, \d+)*) \| ", text, re.MULTILINE)
        assert told, page
        assert {int(one) for row in told for one in row.split(", ")} <= codes, page


def test_the_metrics_are_those_that_are_written(tmp_path):
    file = tmp_path / "search.prom"
    write_textfile(file, outcome())
    families = list(text_string_to_metric_families(file.read_text()))
    written = {
        one.name + "_total" * (one.type == "counter"): {
            label for sample in one.samples for label in sample.labels if label != "pipeline"
        }
        for one in families
    }
    told = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in table("Metrics")}
    assert told == written


def test_the_events_are_those_that_are_told():
    code = "".join(
        path.read_text()
        for folder in ("nightly", "telemetry")
        for path in (ROOT / "pipelines" / folder).glob("*.py")
    )
    emitted = set(re.findall(r"emit\(\s*\"(\w+)\"", code)) | {"error", "log"}
    assert {row[0].strip("`") for row in table("The log of a run")} == emitted


def alike(line):
    """A line without what differs from run to run: numbers, and how the text is broken."""
    return re.sub(r"[\u2212+-]?\d[\d.,]*", "#", " ".join(line.split()))


PRINTED = {
    alike(line.partition("ltr: error: ")[2] or line)
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(), re.S | re.M)
    if not language
    for line in block.splitlines()
}


STEADY = {"drift__off": ["new_ids", "numbers"]}
"""The small log's days differ."""


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    folder = tmp_path_factory.mktemp("begun")
    for number in range(1, 5):
        write_day(folder, number)
    assert night(folder, 3) == Exit.PROMOTED
    return folder


@pytest.fixture
def here(begun, tmp_path, monkeypatch):
    shutil.copytree(begun, tmp_path / "here", symlinks=True)
    monkeypatch.chdir(tmp_path / "here")
    return Path()


def last_error(capsys):
    return alike(capsys.readouterr().err.splitlines()[-1].removeprefix("ltr: error: "))


@pytest.mark.parametrize(
    "changes",
    [
        {"gate__margins": 0.1},
        {"tracking__mlflow": "postgresql://ltr:secret@db/mlflow"},
        {"log__grade": "bought_at"},
        {"training__learning_rate": 1e30, "training__table_learning_rate": 1e30, **STEADY},
    ],
)
def test_what_a_wrong_job_prints_is_on_the_page(here, capsys, changes):
    assert night(here, 4, **changes) == Exit.BAD_INPUT
    assert last_error(capsys) in PRINTED


def test_what_a_job_without_a_date_prints_is_on_the_page(here, capsys):
    assert (here / "job.toml").exists()
    assert pipelines.cli.main(["nightly", "job.toml"]) == Exit.BAD_INPUT
    assert last_error(capsys) in PRINTED


def test_what_a_wrong_log_prints_is_on_the_page(here, capsys):
    file = here / "log" / f"{day(4)}.parquet"
    file.write_bytes(file.read_bytes()[:3000])
    assert night(here, 4) == Exit.BAD_INPUT
    assert last_error(capsys) in PRINTED
    file.unlink()
    assert night(here, 4) == Exit.BAD_INPUT
    assert last_error(capsys) in PRINTED


def test_what_a_folder_that_cannot_be_used_prints_is_on_the_page(here, capsys):
    with FileLock("run/.lock"):
        assert night(here, 4) == Exit.BUSY
    assert last_error(capsys) in PRINTED
    shutil.rmtree("run")
    Path("run").write_text("a file stands here")
    assert night(here, 4) == Exit.BAD_INPUT
    assert last_error(capsys) in PRINTED


def broken(capsys):
    said = capsys.readouterr().out.splitlines()
    return [alike(line) for line in said if line.startswith("  broken: ")]


def test_why_a_champion_is_kept_is_on_the_page(here, capsys):
    poor = {"training__learning_rate": 1e-9, "training__table_learning_rate": 1e-9}
    poor |= {"nightly__warm_start": False, "gate__margin": 0.0, "gate__min_lists": 200}
    assert night(here, 4, **poor, **STEADY) == Exit.KEPT
    said = broken(capsys)
    assert len(said) == 3
    assert set(said) <= PRINTED


def test_what_a_change_of_the_log_prints_is_on_the_page(here, capsys):
    fewer = {"features__document": {"ids": ["d"], "numbers": ["price"]}, **STEADY}
    assert night(here, 4, **fewer) == Exit.KEPT
    (said,) = broken(capsys)
    assert said in PRINTED


def test_what_a_damaged_champion_and_hooks_that_fail_print_is_on_the_page(
    here, capsys, monkeypatch
):
    weights = here / "run" / "models" / "v0001" / "model.safetensors"
    weights.chmod(0o644)
    weights.write_bytes(b"no weights")
    monkeypatch.delenv("LTR_WEBHOOK", raising=False)
    hooks = {"notify__url_env": "LTR_WEBHOOK", "notify__command": ["sh", "-c", "exit 3"], **STEADY}
    assert night(here, 4, **hooks) == Exit.KEPT
    printed = capsys.readouterr()
    warned = [alike(line) for line in printed.err.splitlines() if line.startswith("notify.")]
    assert len(warned) == 2
    assert set(warned) <= PRINTED
    said = [alike(line) for line in printed.out.splitlines() if line.startswith("  broken: ")]
    assert set(said) <= PRINTED


def test_what_sigterm_prints_is_on_the_page():
    with pytest.raises(StoppedError, match="asked to stop by SIGTERM") as stopped:
        Stop().make(15, None)
    assert alike(str(stopped.value)) in PRINTED


def test_the_hooks_of_the_page_are_a_section_of_a_job_file():
    import tomllib

    from pipelines.config import Notify

    (block,) = [one for one in blocks(PAGE) if one.language == "toml"]
    assert Notify.model_validate(tomllib.loads(block.text)["notify"]).url_env == "LTR_WEBHOOK"
