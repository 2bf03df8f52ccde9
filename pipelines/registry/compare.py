"""How two versions differ: configuration, features, metrics, rows and files."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pipelines.registry import facts
from pipelines.registry.tables import interval, value
from pipelines.registry.version import Version
from pipelines.report.words import UNDEFINED, count, number, signed

Pair = tuple[str, str]


class Differences(NamedTuple):
    """What differs, by name: what the first version has, and what the second one has."""

    settings: dict[str, Pair]
    features: dict[str, Pair]
    metrics: dict[str, tuple[str, str, str]]
    """Of all metrics that either has, with the second minus the first."""
    rows: dict[str, Pair]
    lineage: dict[str, Pair]

    def as_json(self) -> dict[str, Any]:
        """Plain dicts; of the metrics the numbers stand in ``ltr models show --json``."""
        return {name: dict(part) for name, part in self._asdict().items()}


def compare(first: Version, second: Version) -> Differences:
    """Find what differs between two versions.

    Raises:
        RegistryError: A record of theirs cannot be read.
    """
    return Differences(
        settings=_odd(_told(facts.settings_of(first)), _told(facts.settings_of(second))),
        features=_odd(_features(first), _features(second)),
        metrics=_metrics(first, second),
        rows=_odd(_fates(first), _fates(second)),
        lineage=_odd(_lineage(first), _lineage(second)),
    )


def _odd(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, Pair]:
    names = dict.fromkeys((*first, *second))
    pairs = {name: (first.get(name, UNDEFINED), second.get(name, UNDEFINED)) for name in names}
    return {name: (a, b) for name, (a, b) in pairs.items() if a != b}


def _told(settings: Mapping[str, Any]) -> dict[str, str]:
    return {name: value(one) for name, one in settings.items()}


def _features(version: Version) -> dict[str, str]:
    return {
        one.column: one.kind if one.size is None else f"{one.kind} of {count(one.size)}"
        for one in facts.model_of(version).features
    }


def _metrics(first: Version, second: Version) -> dict[str, tuple[str, str, str]]:
    before, after = (
        {one.name: one.estimate for one in facts.evaluation_of(version).metrics}
        for version in (first, second)
    )
    none = facts.Estimate()
    found = {}
    for name in dict.fromkeys((*before, *after)):
        a, b = before.get(name, none), after.get(name, none)
        both = a.value is not None and b.value is not None
        change = signed((b.value or 0) - (a.value or 0)) if both else UNDEFINED
        found[name] = (_estimate(a), _estimate(b), change)
    return found


def _estimate(found: facts.Estimate) -> str:
    return f"{number(found.value)} {interval(found)}".strip()


def _fates(version: Version) -> dict[str, str]:
    return {name: count(rows) for name, rows in facts.fates_of(version).items()}


def _lineage(version: Version) -> dict[str, str]:
    lineage, model = version.lineage, facts.model_of(version)
    return {
        "date": value(str(lineage.date) if lineage.date else None),
        "code": lineage.code,
        "parent": value(lineage.parent),
        "encoder": model.encoder[:12],
        **{f"lists: {part}": count(lists) for part, lists in lineage.lists.items()},
        **{one.file: f"{one.sha256[:12]}, {_rows(one.rows)} rows" for one in lineage.files},
    }


def _rows(rows: int | None) -> str:
    return UNDEFINED if rows is None else count(rows)
