"""docs/warm_start.md shows code that runs and a job file that is one."""

import tomllib
from pathlib import Path

from pipelines.config import PREVIOUS, Training
from tests.docs.blocks import blocks, run_python

PAGE = Path(__file__).parents[2] / "docs" / "warm_start.md"


def test_the_code_on_the_page_prints_what_it_shows():
    assert run_python(PAGE) == 1


def test_its_keys_are_those_of_a_job_file():
    (block,) = (block for block in blocks(PAGE) if block.language == "toml")
    training = Training.model_validate(tomllib.loads(block.text)["training"])
    assert training.warm_start == PREVIOUS
