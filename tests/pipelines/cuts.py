"""Cut a small log as if it were a large one."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from pipelines.spill.budget import Plan


@contextmanager
def cut_into(partitions: int, piece_rows: int = 10) -> Iterator[None]:
    """Have ``prepare`` cut its log like this, whatever the budget says."""
    plan = Plan(partitions=partitions, piece_rows=piece_rows)
    with patch("pipelines.jobs.prepare.plan", return_value=plan):
        yield
