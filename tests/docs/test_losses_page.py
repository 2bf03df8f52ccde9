"""docs/losses.md shows code that runs, and every loss there is."""

import re
from pathlib import Path

import pytest

from ltr.losses import catalogue
from tests.docs.blocks import blocks, run_python

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "losses.md"
PLUGIN = ROOT / "tests" / "losses" / "plugin_example"


@pytest.mark.filterwarnings("error")
def test_the_code_on_the_page_runs_and_prints_what_it_shows():
    assert run_python(PAGE) > 0


def test_every_loss_is_in_the_table_with_its_face():
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    faces = dict(rows)
    assert len(faces) == len(rows)
    assert {name: face.__name__ for name, face in catalogue.items()}.items() <= faces.items()


@pytest.mark.parametrize(
    ("language", "file"), [("toml", "pyproject.toml"), ("python", "src/team_losses.py")]
)
def test_the_package_on_the_page_is_the_one_that_is_tested(language, file):
    shown = [block.text for block in blocks(PAGE) if block.language == language]
    assert (PLUGIN / file).read_text(encoding="utf-8") in shown


def test_a_block_that_fails_is_found_on_its_line(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n```python\nx = 1\n```\n\n```python\nx / 0\n```\n")
    with pytest.raises(ZeroDivisionError) as error:
        run_python(page)
    assert (error.traceback[-1].path, error.traceback[-1].lineno + 1) == (page, 8)


def test_a_block_that_prints_something_else_is_shown(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\nx = 1\n```\n\n```python\n>>> x + 1\n3\n```\n")
    with pytest.raises(AssertionError, match=r"(?s)page.md.*line 6.*Expected:\s+3\s+Got:\s+2"):
        run_python(page)
