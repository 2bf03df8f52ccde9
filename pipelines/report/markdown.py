"""The report as Markdown: the headline, the notes and every table."""

from pipelines.report import table_tables, tables, words
from pipelines.report.record import Report
from pipelines.report.table_record import TableReport
from pipelines.report.tables import Cell, Table

SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]|#~$"} | {"<": "&lt;", "\n": " "})
"""What would turn a name from a log into markup."""


def to_markdown(report: Report) -> str:
    """Write the report for a terminal, a pull request or a chat."""
    events = tables.events(report.data)
    shown = [
        tables.quality(report),
        tables.differences(report),
        *(_of_lists(report.lists) if report.lists else []),
        tables.rules(report),
        tables.by_k(report),
        tables.positions(report),
        tables.model(report.training),
        tables.epochs(report.training),
        tables.splits(report.data),
        tables.log_rows(report.data),
        *([events] if events else []),
    ]
    parts = [
        f"# {escaped(report.job)}: offline evaluation",
        f"**{escaped(words.headline(report))}**",
        escaped(words.verdict(report).sentence),
        escaped(words.rules_line(report)),
        *(f"> {escaped(note)}" for note in _notes(report)),
        *(section(table) for table in shown),
    ]
    return "\n\n".join(parts) + "\n"


def _notes(report: Report) -> tuple[str, ...]:
    return report.notes + (report.lists.notes if report.lists else ())


def _of_lists(lists: TableReport) -> list[Table]:
    worst = [table_tables.worst(lists)] if lists.worst else []
    return [table_tables.metrics(lists), table_tables.slices(lists), *worst]


def section(table: Table) -> str:
    """Write a table under its title."""
    aligned = [":--", *(":--" if table.prose else "--:" for _ in table.head[1:])]
    lines = [
        _line([escaped(name) for name in table.head]),
        _line(aligned),
        *(_line([_cell(cell) for cell in row]) for row in table.rows),
    ]
    return f"## {escaped(table.title)}\n\n" + "\n".join(lines)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return escaped(f"{cell.text} {cell.detail}".strip())


def escaped(text: str) -> str:
    """Write a text so that none of its letters becomes markup."""
    return text.translate(SPECIAL)
