"""A version in a line: what ``ltr models list`` shows of it."""

from dataclasses import dataclass
from typing import Any

from pipelines.errors import RegistryError
from pipelines.registry import facts
from pipelines.registry.registry import Registry
from pipelines.registry.tables import interval
from pipelines.registry.version import Version
from pipelines.report.tables import Cell, Table
from pipelines.report.words import UNDEFINED, count, number


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What is told of a version; None where its records cannot be read.

    Attributes:
        name: Of the version.
        champion: Whether it is in use.
        promoted: How often it was made the champion.
        date: Of the night that made it.
        parent: The version that its training began with.
        metrics: The headline metric first.
        rows: Rows of the log that its lists were made of.
        gate: What the gate said of it.
        damaged: Why its records cannot be read, or what ``verify`` would find first of names.
    """

    name: str
    champion: bool
    promoted: int
    date: str | None = None
    parent: str | None = None
    metrics: tuple[facts.Measured, ...] = ()
    rows: int | None = None
    gate: bool | None = None
    damaged: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        metrics = {one.name: one.estimate.model_dump() for one in self.metrics}
        return {**plain, "metrics": metrics}


def listed(registry: Registry) -> list[Summary]:
    """All versions in the order in which they were added.

    Raises:
        RegistryError: The folder or its records of promotions cannot be read.
    """
    return [summary(version, registry) for version in registry.versions()]


def summary(version: Version, registry: Registry) -> Summary:
    """Read the records of a version; its files are not compared, which `verify` does.

    Raises:
        RegistryError: The records of promotions cannot be read.
    """
    promoted = sum(one.to == version.name for one in registry.history())
    champion = registry.pointed() == version.name
    try:
        lineage = version.lineage
        return Summary(
            name=version.name,
            champion=champion,
            promoted=promoted,
            date=str(lineage.date) if lineage.date else None,
            parent=lineage.parent,
            metrics=facts.evaluation_of(version).metrics,
            rows=lineage.rows.kept if lineage.rows else None,
            gate=facts.gate_of(version).promote,
        )
    except RegistryError as error:
        found = str(error)
        return Summary(name=version.name, champion=champion, promoted=promoted, damaged=found)


def listed_table(found: list[Summary]) -> Table:
    """One line per version."""
    names = dict.fromkeys(one.name for each in found for one in each.metrics[:1])
    headline = next(iter(names), "metric")
    rows = tuple(
        (
            Cell(one.name, "champion" if one.champion else ""),
            Cell(one.date or UNDEFINED),
            _headline(one),
            Cell(UNDEFINED if one.rows is None else count(one.rows)),
            Cell(one.parent or UNDEFINED),
            Cell({True: "promote", False: "keep", None: UNDEFINED}[one.gate]),
            Cell("damaged" if one.damaged else "", one.damaged or ""),
        )
        for one in found
    )
    head = ("version", "night", headline, "rows", "parent", "gate", "")
    return Table(title="Versions", head=head, rows=rows)


def _headline(one: Summary) -> Cell:
    if not one.metrics:
        return Cell(UNDEFINED)
    found = one.metrics[0].estimate
    return Cell(number(found.value), interval(found))
