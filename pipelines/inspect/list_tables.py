"""One list as tables."""

from pipelines.inspect.one_list import OneList, Value
from pipelines.inspect.tables import Shown, plain, shown
from pipelines.report.tables import Cell, Table
from pipelines.report.words import count

MOST_FEATURES = 12
"""Features of a document that are shown beside it; ``--json`` has all."""


def heading(found: OneList) -> list[str]:
    """Say what the list is: its id, its part, its time and its grades."""
    grades = [one.grade for one in found.documents]
    told = ", ".join(
        f"{count(grades.count(grade))} of grade {grade}"
        for grade in sorted(set(grades), reverse=True)
    )
    return [
        f"query {shown(found.query)}",
        f"{found.part}, time {found.time}, {count(len(grades))} documents: {told}",
    ]


def list_tables(found: OneList) -> list[Shown]:
    """The query's features, and the documents in logged order with theirs."""
    tables = [Shown(_query(found))] if found.features else []
    return [*tables, Shown(_documents(found))]


def notes(found: OneList) -> list[str]:
    """Say what a reader would take for something else."""
    said = []
    if found.scaled:
        said.append(f"as they are scaled, no way back is known: {', '.join(found.scaled)}")
    names = found.documents[0].features if found.documents else {}
    if len(names) > MOST_FEATURES:
        said.append(f"{len(names) - MOST_FEATURES} more features of each document: --json")
    return said


def _query(found: OneList) -> Table:
    rows = tuple((Cell(shown(name)), Cell(text(value))) for name, value in found.features.items())
    return Table(title="Query", head=("feature", "value"), rows=rows, prose=True)


def _documents(found: OneList) -> Table:
    names = list(found.documents[0].features)[:MOST_FEATURES] if found.documents else []
    rows = tuple(
        (
            Cell(shown(one.document)),
            Cell(str(one.position)),
            Cell(str(one.grade) if one.grade else "·", "", one.grade),
            *(Cell(text(one.features[name])) for name in names),
        )
        for one in found.documents
    )
    head = ("document", "position", "grade", *(shown(name) for name in names))
    return Table(title="Documents in logged order", head=head, rows=rows)


def text(value: Value) -> str:
    """Write a decoded value in one line."""
    if isinstance(value, list):
        return ", ".join(shown(one) for one in value) or "(none)"
    return plain(value) if isinstance(value, float) else shown(value)
