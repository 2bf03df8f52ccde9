"""Run the Python of a page of documentation as its reader would: from the top, in one session."""

import doctest
import re
from pathlib import Path
from typing import Any, NamedTuple

import torch

_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    line: int
    """Line of the page on which its text begins."""
    text: str


def blocks(page: Path) -> list[Block]:
    """Every fenced block that says its language."""
    text = page.read_text(encoding="utf-8")
    found = _FENCED.finditer(text)
    return [Block(one[1], text.count("\n", 0, one.start(2)) + 1, one[2]) for one in found]


def run_python(page: Path) -> int:
    """Run the page's ``python`` blocks; those with prompts must print what they show.

    A traceback names the page and its line.

    Returns:
        How many blocks there were.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    python = [block for block in blocks(page) if block.language == "python"]
    with torch.random.fork_rng(devices=[]):
        for block in python:
            if block.text.startswith(">>>"):
                _run_prompts(page, block, names)
            else:
                # Lines in front, so that a traceback counts as the page does.
                exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), names)
    return len(python)


def _run_prompts(page: Path, block: Block, names: dict[str, Any]) -> None:
    test = doctest.DocTestParser().get_doctest(
        block.text, names, page.name, str(page), block.line - 1
    )
    test.globs = names
    report: list[str] = []
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    runner = doctest.DocTestRunner(optionflags=flags)
    result = runner.run(test, out=report.append, clear_globs=False)
    assert not result.failed, "".join(report)
