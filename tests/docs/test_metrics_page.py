"""The page on metrics: its code runs, and its table has every metric."""

from pathlib import Path

from ltr.metrics import catalogue
from tests.docs.blocks import run_python

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_its_code_runs():
    assert run_python(PAGE) == 1


def test_its_table_says_of_every_metric_whether_it_takes_weights():
    lines = PAGE.read_text().splitlines()
    rows = [line.split("|") for line in lines if line.startswith("| `")]
    said = {name.strip(" `"): row[4].strip() != "no" for row in rows for name in row[1].split(",")}
    assert said == {name: metric.takes("weights") for name, metric in catalogue.items()}
