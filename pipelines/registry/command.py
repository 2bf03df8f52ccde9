"""``ltr models``: list the versions of a model, look at one, go back, compare and verify.

Exit codes: 0 done, 2 a version is damaged or is not there, or the folder cannot be used.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from pipelines.errors import RegistryError
from pipelines.inspect.tables import Shown
from pipelines.inspect.terminal import write
from pipelines.plain_text import shown
from pipelines.registry import facts, tables
from pipelines.registry.compare import compare
from pipelines.registry.journal import Promotion
from pipelines.registry.registry import Registry
from pipelines.registry.summary import Summary, listed, listed_table, summary
from pipelines.registry.version import Version
from pipelines.report.tables import Cell, Table
from pipelines.report.words import NARROW, UNDEFINED

MODELS = "models"
DAMAGED = 2
"""Exit code of ``ltr models verify`` that finds something."""


def registry_of(source: Path) -> Registry:
    """Open the folder of models that a job file, a night's output or the folder itself names.

    Raises:
        RegistryError: There are no models.
        JobError: The job file is not valid.
    """
    folder = source
    if source.suffix == ".toml":
        from pipelines.config import load_job
        from pipelines.jobs.folders import Folders

        folder = Folders.of(load_job(source), source, None, None).run
    if (folder / MODELS).is_dir():
        folder /= MODELS
    found = Registry(folder)
    if not found.versions():
        msg = f"{folder}: must be a folder of models (v0001 …), or of nights that made some"
        raise RegistryError(msg)
    return found


def list_models(source: Path, *, as_json: bool) -> None:
    """Print one line per version."""
    registry = registry_of(source)
    found = listed(registry)
    if as_json:
        _echo([one.as_json() for one in found])
        return
    _print([f"{registry.folder}: {_champion_line(registry)}"], [listed_table(found)])


def _champion_line(registry: Registry) -> str:
    try:
        name = registry.pointer()
    except RegistryError as error:
        return f"no champion can be told: {error}"
    return f"champion {name}" if name else "no champion yet"


def show(source: Path, name: str, *, as_json: bool) -> None:
    """Print everything that is known of a version."""
    registry = registry_of(source)
    version = registry.version(name)
    told = [one for one in registry.history() if version.name in (one.to, one.before)]
    found = summary(version, registry)
    if as_json:
        _echo(_everything(version, found, told))
        return
    evaluation, gate = facts.evaluation_of(version), facts.gate_of(version)
    every = [
        tables.measured("Quality on held-out lists", evaluation.metrics),
        tables.measured("Against the baselines", evaluation.against, sign=True),
        tables.measured("Slices", evaluation.slices),
        tables.rules(gate.rules),
        tables.against(gate),
        tables.features(facts.model_of(version).features),
        tables.fates(facts.fates_of(version)),
        tables.files(version.lineage.files),
        tables.history(told),
    ]
    _print(_lines(version, found), every)


def _lines(version: Version, found: Summary) -> list[str]:
    lineage, model = version.lineage, facts.model_of(version)
    night, parent = lineage.date or UNDEFINED, lineage.parent or "none"
    lists = ", ".join(f"{part} {lists:,}" for part, lists in lineage.lists.items())
    return [
        f"{version.folder}: {'the champion' if found.champion else 'not the champion'}",
        f"night {night}, code {lineage.code}, parent {parent}",
        f"encoder {model.encoder[:12]}, best epoch {model.best_epoch}, lists: {lists or UNDEFINED}",
        *([f"damaged: {found.damaged}"] if found.damaged else []),
    ]


def _everything(version: Version, found: Summary, told: Sequence[Promotion]) -> dict[str, Any]:
    evaluation, gate = facts.evaluation_of(version), facts.gate_of(version)
    return {
        **found.as_json(),
        "lineage": version.lineage.model_dump(mode="json"),
        "model": facts.model_of(version).model_dump(mode="json"),
        "job": version.read("job.json"),
        "against": _estimates(evaluation.against),
        "slices": _estimates(evaluation.slices),
        "gate": {
            "promote": gate.promote,
            "rules": [rule.model_dump() for rule in gate.rules],
            "slices": _estimates(gate.slices),
        },
        "promotions": [one.model_dump(mode="json") for one in told],
        "files": version.checksums.model_dump()["files"],
    }


def _estimates(found: Sequence[facts.Measured]) -> dict[str, Any]:
    return {one.name: one.estimate.model_dump() for one in found}


def rollback(source: Path, to: str | None, why: str) -> None:
    """Make an earlier version the champion, and say which."""
    record = registry_of(source).rollback(to, why=why)
    typer.echo(f"champion: {record.to}, was {record.before or 'none'}")


def diff(source: Path, first: str, second: str, *, as_json: bool) -> None:
    """Print how two versions differ."""
    registry = registry_of(source)
    a, b = registry.version(first), registry.version(second)
    found = compare(a, b)
    if as_json:
        _echo({"first": a.name, "second": b.name, **found.as_json()})
        return
    head = (a.name, b.name)
    every = [
        tables.changes("Metrics", (*head, "difference"), found.metrics),
        tables.changes("Configuration", head, found.settings),
        tables.changes("Features", head, found.features),
        tables.changes("Rows of the log", head, found.rows),
        tables.changes("Lineage", head, found.lineage),
    ]
    same = [table.title.lower() for table in every if not table.rows]
    lines = [f"{registry.folder}: {a.name} against {b.name}"]
    lines += [f"the same: {', '.join(same)}"] if same else []
    _print(lines, every)


def verify(source: Path, names: Sequence[str], *, as_json: bool) -> int:
    """Compare every file of the versions with its checksum; return the exit code."""
    registry = registry_of(source)
    versions = [registry.version(name) for name in names] or list(registry.versions())
    found = {version.name: version.damages() for version in versions}
    wrong = sum(map(bool, found.values()))
    lost = "" if names else _lost(registry)
    if as_json:
        _echo({name: [one._asdict() for one in damages] for name, damages in found.items()})
        return DAMAGED if wrong or lost else 0
    for version in versions:
        for one in found[version.name]:
            typer.echo(f"{version.folder / one.file if one.file else version.folder}: {one.what}")
    typer.echo(f"{len(versions)} versions compared, {wrong} damaged")
    if lost:
        typer.echo(lost)
    return DAMAGED if wrong or lost else 0


def _lost(registry: Registry) -> str:
    """What is wrong with the champion and the records; "" if nothing is."""
    try:
        registry.history()
        registry.champion()
    except RegistryError as error:
        return str(error)
    return ""


def _print(lines: Sequence[str], found: Sequence[Table]) -> None:
    """Print lines and tables; a text of a version cannot steer the terminal."""
    write([shown(line) for line in lines], [Shown(_safe(table)) for table in found if table.rows])


def _safe(table: Table) -> Table:
    rows = tuple(
        tuple(Cell(_line(cell.text), _line(cell.detail), cell.key) for cell in row)
        for row in table.rows
    )
    return replace(table, rows=rows)


def _line(text: str) -> str:
    return shown(text.replace(NARROW, " "))


def _echo(content: object) -> None:
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
