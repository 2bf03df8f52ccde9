"""The code that the README and the pages show runs."""

import re
from pathlib import Path

import pytest

from pipelines.cli import main
from tests.docs.blocks import run_python
from tests.training.planted import planted

ROOT = Path(__file__).parents[2]


def test_the_readmes_code_runs():
    assert run_python(ROOT / "README.md") == 2


def test_the_code_on_clicks_of_a_new_ranking_runs_and_prints_what_it_shows():
    assert run_python(ROOT / "docs" / "counterfactual.md") == 1


def test_the_page_on_lists_reads_the_lists_of_the_sample_job(tmp_path, monkeypatch, capsys):
    job = str(ROOT / "sample_data" / "job.toml")
    assert main(["prepare", job, "--out", str(tmp_path / "runs" / "sample")]) == 0
    capsys.readouterr()
    monkeypatch.chdir(tmp_path)
    assert run_python(ROOT / "docs" / "lists_on_disk.md") == 1
    assert capsys.readouterr().out.startswith("[")


def test_the_page_on_training_trains(tmp_path, monkeypatch, capsys):
    planted(tmp_path / "runs" / "sample" / "lists", num_lists=40)
    monkeypatch.chdir(tmp_path)
    assert run_python(ROOT / "docs" / "training.md") == 1
    assert [line[:8] for line in capsys.readouterr().out.splitlines()] == ["epoch 1:", "epoch 2:"]
    assert (tmp_path / "runs" / "sample" / "model" / "model.json").exists()


PAGES = [page for place in ("*.md", "docs/**/*.md", "deploy/*.md") for page in ROOT.glob(place)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert link.startswith("https://") or (page.parent / link).exists(), link


def test_the_index_lists_every_page_once():
    docs = ROOT / "docs"
    listed = re.findall(r"^\| \[[^]]+\]\(([^)]+)\)", (docs / "README.md").read_text(), re.MULTILINE)
    pages = {str(page.relative_to(docs)) for page in docs.glob("**/*.md")} - {"README.md"}
    assert sorted(listed) == sorted({*pages, "../deploy/README.md"})
