"""The container file, as far as can be told without building it."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest

from tests.deploy.pieces import DEPLOY, ROOT

FILE = DEPLOY / "Containerfile"


def instructions():
    """Every instruction and what follows it, lines that go on put together."""
    text = re.sub(r"^#.*\n", "", FILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name, rest.strip()


def test_it_has_two_stages_of_the_one_image_and_no_registry():
    images = [rest for name, rest in instructions() if name == "FROM"]
    assert images == ["python:3.11-slim AS build", "python:3.11-slim"]
    assert not re.search(r"https?://", FILE.read_text())


def test_every_instruction_is_one():
    known = {"ARG", "CMD", "COPY", "ENV", "FROM", "RUN", "USER", "WORKDIR"}
    assert {name for name, _ in instructions()} <= known


def test_everything_that_is_copied_exists_and_is_let_through():
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    assert ignored[0] == "**"
    copied = [shlex.split(rest) for name, rest in instructions() if name == "COPY"]
    sources = [one for words in copied if not words[0].startswith("--from") for one in words[:-1]]
    assert len(sources) == 7
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignored


def test_the_last_stage_takes_what_the_first_one_made():
    made = [rest for name, rest in instructions() if name == "COPY" and "--from=build" in rest]
    assert made == ["--from=build /opt/ltr /opt/ltr"]
    assert any("venv /opt/ltr" in rest for name, rest in instructions() if name == "RUN")


def test_it_does_not_run_as_root():
    users = [rest for name, rest in instructions() if name == "USER"]
    assert users == ["10001:10001"]


def test_its_pins_are_there_and_only_what_the_tests_need_is_left_out():
    runs = " ".join(rest for name, rest in instructions() if name == "RUN")
    (pattern,) = re.findall(r"grep -viE '([^']+)'", runs)
    pins = (ROOT / "requirements" / "cpu.txt").read_text().splitlines()
    left_out = [line.partition("==")[0] for line in pins if re.search(pattern, line, re.IGNORECASE)]
    assert len(left_out) == pattern.count("|") + 1
    assert not {"polars", "torchrec", "pydantic", "httpx", "ray", "scipy"} & set(left_out)
    (makefile,) = re.findall(r"torch==[\d.]+", (ROOT / "Makefile").read_text())
    assert f'ARG TORCH="{makefile}"' in FILE.read_text()


@pytest.mark.skipif(not shutil.which("hadolint"), reason="needs hadolint")
def test_hadolint_finds_nothing():
    subprocess.run(["hadolint", str(FILE)], check=True)


WITHOUT = """
import sys
for name in {names!r}:
    sys.modules[name] = None
from pipelines.cli import main
import pipelines.jobs.train, pipelines.jobs.prepare, pipelines.jobs.evaluate, ltr.towers.ranker
sys.exit(main(["--help"]))
"""


def test_its_command_works_without_what_is_left_out():
    command = [rest for name, rest in instructions() if name == "CMD"]
    assert command == ['["ltr", "--help"]']
    names = ["coverage", "hypothesis", "importlinter", "ir_measures", "lightgbm", "mypy"]
    names += ["pluggy", "pytest", "pytrec_eval", "ruff", "sklearn", "sortedcontainers", "pathspec"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT.format(names=names)],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout
