"""The page on `ltr inspect`: its code runs, and its rules and limits are those of the code."""

import re
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.config import Drift
from pipelines.inspect.drift_tables import MEASURES
from pipelines.inspect.measures import stability_noise
from tests.docs.blocks import run_python

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "inspect.md"


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    job = str(ROOT / "sample_data" / "job.toml")
    assert main(["prepare", job, "--out", str(folder / "runs" / "sample")]) == 0
    return folder


def test_its_code_runs(sample, monkeypatch):
    monkeypatch.chdir(sample)
    assert run_python(PAGE) == 1


def test_the_lists_that_it_shows_are_those_of_the_sample_job(sample, capsys):
    text = PAGE.read_text(encoding="utf-8")
    run = str(sample / "runs" / "sample")
    for arguments, first in ([], "query/user_id"), (["--query", "r-2403"], "d-0070"):
        capsys.readouterr()
        assert main(["inspect", run, *arguments]) == 0
        printed = capsys.readouterr().out.replace("\N{NARROW NO-BREAK SPACE}", " ").splitlines()
        (line,) = [one for one in text.splitlines() if one.startswith(f"{first} ")]
        assert " ".join(line.split()) in [" ".join(one.split()) for one in printed]


def test_its_table_has_every_rule_with_its_limit():
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    limits = {**Drift().model_dump(exclude={"off"}), "schema": "none may"}
    assert dict(rows) == {rule: str(limit) for rule, limit in limits.items()}
    assert dict(rows).keys() == MEASURES.keys()


def test_the_lists_that_deciles_need_are_about_as_many_as_it_says():
    assert stability_noise(10, (224, 224)) < 0.25 < stability_noise(10, (215, 215))
