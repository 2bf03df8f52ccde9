from io import StringIO

import pytest
from rich.console import Console

from pipelines.config import Drift
from pipelines.inspect import compare
from pipelines.inspect.drift_tables import findings_table
from pipelines.inspect.tables import Shown, profile_tables
from pipelines.inspect.terminal import write
from pipelines.report.tables import Cell, Table
from tests.inspect.folders import folder_of, profile_of, random_rows


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    old = profile_of(folder_of(tmp_path_factory.mktemp("old"), random_rows(60)))
    new = profile_of(folder_of(tmp_path_factory.mktemp("new"), random_rows(60, seed=1)))
    return [*profile_tables(new), Shown(findings_table(compare(old, new, Drift())))]


def printed(tables, width, *, terminal=True):
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, color_system=None)
    write(["a line"], tables, console)
    return out.getvalue()


@pytest.mark.parametrize("width", [72, 80, 100, 160])
def test_nothing_is_cut_off_on_a_narrow_terminal(tables, width):
    lines = printed(tables, width).splitlines()
    assert max(len(line) for line in lines) <= width
    assert not any("…" in line for line in lines)
    letters = "".join("".join(lines).split())
    for one in tables:
        for cell in one.table.rows[-1][1:]:
            assert (cell.text.split() or [""])[0][:4] in letters


def test_a_bar_is_as_long_as_its_number():
    rows = tuple((Cell(str(at)), Cell("", "", at)) for at in (0, 1, 4))
    shown = Shown(Table(title="Bars", head=("", "n"), rows=rows), 1)
    assert [line.count("█") for line in printed([shown], 120).splitlines()[-3:]] == [0, 6, 24]
    assert [
        line.count("#") for line in printed([shown], 120, terminal=False).splitlines()[-3:]
    ] == [
        0,
        6,
        24,
    ]
