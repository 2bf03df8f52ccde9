"""Small scored tables whose numbers are known."""

import polars as pl

from pipelines.cli import main

COLUMNS = ("--query", "q", "--label", "y", "--score", "s")


def table(**changes):
    """Three lists: a perfect one, a reversed one, and one without a relevant document."""
    columns = {
        "q": ["a", "a", "a", "b", "b", "c", "c"],
        "d": ["a1", "a2", "a3", "b1", "b2", "c1", "c2"],
        "y": [2, 1, 0, 0, 1, 0, 0],
        "s": [0.9, 0.5, 0.1, 0.8, 0.2, 0.3, 0.4],
        "other": [0.1, 0.5, 0.9, 0.1, 0.2, 0.3, 0.4],
        "device": ["phone", "phone", "phone", "desk", "desk", "desk", "desk"],
    }
    return pl.DataFrame(columns | changes)


def ltr(*arguments):
    return main([str(argument) for argument in arguments])


def refused(capsys, *arguments):
    """Run a command that must fail, and return the one line that it says why."""
    assert ltr(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    last = printed.err.splitlines()[-1]
    assert last.startswith("ltr: error: ")
    return last.removeprefix("ltr: error: ")
