"""docs/encoding.md shows code that runs and a job file that is one."""

import re
import tomllib
from pathlib import Path
from typing import get_args

from pipelines.config import Column, Features, Scale
from tests.docs.blocks import blocks, run_python

PAGE = Path(__file__).parents[2] / "docs" / "encoding.md"


def test_the_code_on_the_page_prints_what_it_shows():
    assert run_python(PAGE) == 5


def test_its_job_file_is_one_and_shows_every_setting():
    (block,) = (block for block in blocks(PAGE) if block.language == "toml")
    features = Features.model_validate(tomllib.loads(block.text)["features"])
    assert features.document.column("f7").scale == "list_minmax"
    columns = [*features.query.columns.values(), *features.document.columns.values()]
    used = {name for one in columns for name in one.model_fields_set}
    assert used | {"deviations"} == set(Column.model_fields)


def test_every_scale_is_in_the_table():
    rows = re.findall(
        r"^\| `([a-z]+_?[a-z]*)` \| (?!value)", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert set(rows) == set(get_args(Scale))
