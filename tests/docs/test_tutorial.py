"""Every command of docs/tutorial.md is run as it stands, and prints what the page shows."""

import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.config import parse_job
from tests.docs.blocks import blocks, run_python

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"


def commands():
    """Every command of the page, and the lines that it shows below."""
    for block in blocks(PAGE):
        if block.language == "console":
            for shown in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                command, _, printed = shown.partition("\n")
                yield command, printed


def job_text():
    return [one.text for one in blocks(PAGE) if one.language == "toml"]


def alike(text):
    """A text without fractions, which differ in their last digits from machine to machine."""
    text = re.sub(r"[\u2212+-]?\d\.\d+|epoch \d of \d", "#", text)
    return [line.split() for line in text.splitlines()]


@pytest.fixture
def shop(tmp_path, monkeypatch):
    (tmp_path / "shop").mkdir()
    for name in ("impressions", "events"):
        shutil.copytree(ROOT / "sample_data" / name, tmp_path / "shop" / name)
    (tmp_path / "shop" / "job.toml").write_text(job_text()[0])
    monkeypatch.chdir(tmp_path / "shop")


@pytest.mark.usefixtures("shop")
def test_the_commands_print_what_the_page_shows(capsys):
    run = 0
    for command, shown in commands():
        program, *arguments = shlex.split(command)
        if program != "ltr":
            assert program in ("cp", "mkdir")  # done by the fixture
            continue
        assert main(arguments) == 0, command
        printed = capsys.readouterr().out
        if shown:
            assert alike(printed) == alike(shown), command
        run += 1
    assert run == 11
    assert run_python(PAGE) == 1
    assert capsys.readouterr().out == "100 Float32\n"


def test_what_the_page_adds_to_the_job_file_fits_it():
    whole, addition = job_text()
    job = parse_job({**tomllib.loads(whole), **tomllib.loads(addition)})
    assert job.notify.url_env == "LTR_WEBHOOK"
