"""Tables as text: with rules, colour and bars on a terminal, plain where there is none."""

from collections.abc import Sequence
from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from pipelines.inspect.tables import BEYOND, Shown
from pipelines.report.tables import Cell

BAR, SMALL_BAR = 24, 10
"""Width of the longest bar in letters, and on terminals of fewer than WIDE letters."""
WIDE = 100
WORDS = frozenset({"verdict"})
"""Columns that hold words, not numbers."""
NUMBER = 13
"""Letters that a column of numbers may need."""
UNBROKEN = 26
"""Letters of a row's name that stay on one line on any terminal."""
PLAIN_WIDTH = 400
"""A file has no right edge; only what is wider than this is folded."""


def write(lines: Sequence[str], tables: Sequence[Shown], console: Console | None = None) -> None:
    """Print ``lines``, then the tables.

    Texts from a log are printed as they are: rich's own markup in them is not read.
    """
    console = console or stdout()
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    for one in tables:
        console.print()
        console.print(Text(one.table.title, style="bold"))
        _print_table(one, console)


def stdout() -> Console:
    """Return the console of standard output: as wide as its text where it is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def as_text(lines: Sequence[str], tables: Sequence[Shown]) -> str:
    """Return what would be printed into a file."""
    out = StringIO()
    write(lines, tables, Console(file=out, width=PLAIN_WIDTH, highlight=False))
    return out.getvalue()


def _print_table(one: Shown, console: Console) -> None:
    # Two blanks between columns: one is padding, the other the rule's, or padding as well.
    style, blanks = (box.SIMPLE_HEAD, 1) if console.is_terminal else (None, 2)
    drawn = Grid(box=style, show_edge=False, pad_edge=False, padding=(0, blanks, 0, 0))
    for at, name in enumerate(one.table.head):
        words = at == 0 or one.table.prose or name in WORDS
        head = Text(name, style="dim")
        drawn.add_column(head, justify="left" if words else "right", overflow="fold")
        if at == 0 and console.is_terminal:
            # The rest of a table is numbers, which fold badly; but a name must stay readable, too.
            widest = max(len(text) for text in (name, *(row[0].text for row in one.table.rows)))
            beside = NUMBER * (len(one.table.head) - 1 + bool(one.bar))
            drawn.columns[0].width = min(widest, max(UNBROKEN, console.width - beside))
        if at == one.bar:
            drawn.add_column("", no_wrap=True)
    longest = max((row[one.bar].key or 0 for row in one.table.rows), default=0) if one.bar else 0
    for row in one.table.rows:
        drawn.add_row(*_cells(one, row, longest, console))
    if console.is_terminal:
        console.print(drawn)
    else:
        _print_plain(drawn, console)


def _print_plain(drawn: Grid, console: Console) -> None:
    """Print without the blanks that rich fills a line up with."""
    with console.capture() as captured:
        console.print(drawn)
    for line in captured.get().splitlines():
        console.out(line.rstrip(), highlight=False)


def _cells(one: Shown, row: Sequence[Cell], longest: float, console: Console) -> list[Text]:
    found = []
    for at, cell in enumerate(row):
        text = Text(cell.text, style="bold red" if cell.text.startswith(BEYOND) else "")
        if cell.detail:
            text.append(f" {cell.detail}", style="dim")
        found.append(text)
        if at == one.bar:
            length = (cell.key or 0) / longest if longest else 0
            found.append(Text(_bar(length, console), style="blue"))
    return found


def _bar(length: float, console: Console) -> str:
    """Draw a bar whose ``length`` is a share of the longest one's."""
    if not console.is_terminal:
        return _marks(length * BAR)
    return _blocks(length * (BAR if console.width >= WIDE else SMALL_BAR))


def _blocks(length: float) -> str:
    """Draw a bar to an eighth of a letter; what is not nothing is seen.

    Example:
        >>> _blocks(2.5), _blocks(0.01)
        ('██▌', '▏')
    """
    eighths = round(length * 8) or (1 if length > 0 else 0)
    rest = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]
    return "█" * (eighths // 8) + rest


def _marks(length: float) -> str:
    return "#" * (round(length) or (1 if length > 0 else 0))
