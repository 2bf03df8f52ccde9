"""Versions as tables, once, for the terminal and for the model card."""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from pipelines.registry.facts import Estimate, Feature, Gate, Measured, Rule
from pipelines.registry.journal import Promotion
from pipelines.registry.records import LogFile
from pipelines.report.tables import Cell, Table
from pipelines.report.words import UNDEFINED, count, number, signed

FILES_SHOWN: Final = 20


def measured(title: str, found: Sequence[Measured], *, sign: bool = False) -> Table:
    """Metrics, differences or slices, each with its interval."""
    form = signed if sign else number
    rows = tuple(
        (
            Cell(one.name),
            Cell(form(one.estimate.value), interval(one.estimate, sign=sign)),
            Cell(UNDEFINED if one.estimate.lists is None else count(one.estimate.lists)),
        )
        for one in found
    )
    return Table(title=title, head=("", "mean", "lists"), rows=rows)


def interval(found: Estimate, *, sign: bool = False) -> str:
    """The two ends of an interval, if there is one."""
    if found.low is None or found.high is None:
        return ""
    form = signed if sign else number
    return f"[{form(found.low)}, {form(found.high)}]"


def against(gate: Gate) -> Table:
    """The slices beside those of what was in use."""
    return measured(f"Slices against {gate.champion}", gate.slices, sign=True)


def rules(found: Sequence[Rule]) -> Table:
    """What the gate looked at."""
    rows = tuple(
        (
            Cell(f"{one.rule}: {one.subject}" if one.subject else one.rule),
            Cell(one.verdict),
            Cell(one.says.removeprefix("does not apply: ")),
        )
        for one in found
    )
    return Table(title="Rules of the gate", head=("rule", "verdict", "why"), rows=rows, prose=True)


def features(found: Sequence[Feature]) -> Table:
    """What the model reads."""
    rows = tuple(
        (Cell(one.column), Cell(one.kind), Cell(UNDEFINED if one.size is None else count(one.size)))
        for one in found
    )
    return Table(title="Features", head=("column", "kind", "ids"), rows=rows)


def fates(found: Mapping[str, int]) -> Table:
    """What became of the rows of the log."""
    rows = tuple((Cell(name), Cell(count(rows))) for name, rows in found.items())
    return Table(title="Rows of the log", head=("fate", "rows"), rows=rows)


def files(found: Sequence[LogFile]) -> Table:
    """The files of the log, the latest of them where there are many."""
    rows = tuple(
        (
            Cell(one.file),
            Cell(one.table),
            Cell(UNDEFINED if one.rows is None else count(one.rows)),
            Cell(one.sha256[:12]),
        )
        for one in found[-FILES_SHOWN:]
    )
    more = f", the last {FILES_SHOWN} of {count(len(found))}" if len(found) > FILES_SHOWN else ""
    head = ("file", "table", "rows", "sha256")
    return Table(title=f"Files of the log{more}", head=head, rows=rows)


def history(found: Sequence[Promotion], title: str = "Promotions") -> Table:
    """Who made what the champion."""
    rows = tuple(
        (
            Cell(str(one.number)),
            Cell(f"{one.when:%Y-%m-%d %H:%M:%S} UTC"),
            Cell("rollback" if one.kind == "rollback" else "forced" if one.forced else "promote"),
            Cell(f"{one.before or 'none'} to {one.to}"),
            Cell(one.who),
            Cell(one.why),
        )
        for one in found
    )
    return Table(title=title, head=("", "when", "what", "", "who", "why"), rows=rows, prose=True)


def changes(title: str, head: Sequence[str], found: Mapping[str, Sequence[str]]) -> Table:
    """What differs between two versions."""
    rows = tuple((Cell(name), *map(Cell, values)) for name, values in found.items())
    return Table(title=title, head=("", *head), rows=rows, prose=True)


def value(of: JsonValue) -> str:
    """A setting in a word.

    Example:
        >>> value(None), value(True), value([64, 32]), value("ads")
        ('none', 'true', '[64, 32]', 'ads')
    """
    if of is None:
        return "none"
    return str(of).lower() if isinstance(of, bool) else str(of)
