"""Findings as words and as a table."""

from collections.abc import Sequence
from math import isinf

from pipelines.inspect.drift import Finding
from pipelines.inspect.tables import BEYOND, percent, plain, shown
from pipelines.report.tables import Cell, Table
from pipelines.report.words import UNDEFINED, count, number

MEASURES = {
    "schema": "differs",
    "fewer_lists": "fewer by",
    "grades": "stability index",
    "relevant": "changed",
    "blank": "differs by",
    "lengths": "stability index",
    "rejected": "grew by",
    "unseen": "grew by",
    "new_ids": "new",
    "numbers": "stability index",
}
TIMES = "\N{MULTIPLICATION SIGN}"
SIDES = {
    "fewer_lists": "lists",
    "grades": "mean grade",
    "relevant": "share",
    "blank": "share",
    "lengths": "mean",
    "rejected": "share",
    "unseen": "share",
    "new_ids": "vocabulary of",
    "numbers": "median",
}
"""What the two sides of a rule are."""
SHARES = frozenset({"fewer_lists", "blank", "rejected", "unseen", "new_ids"})
"""Rules whose measure is a share or a difference of shares."""
COUNTED = frozenset({"fewer_lists", "new_ids"})
"""Rules whose two sides are counts: lists, or ids of a vocabulary."""


def sentence(finding: Finding) -> str:
    """Say one finding in a line: rule, subject, number, limit, noise and both sides.

    Example:
        >>> price = Finding(rule="numbers", subject="price", value=0.41, limit=0.25,
        ...                 noise=0.02, reference=31.9, candidate=48.2)
        >>> print(sentence(price))
        numbers: price: stability index 0.410, limit 0.25, noise 0.020 (median 31.9 → 48.2)
    """
    said = f"{finding.rule}: {shown(finding.subject)}: "
    if finding.rule == "schema" or finding.value is None:
        return said + (shown(finding.note) or "the same")
    measure = MEASURES[finding.rule]
    said += f"{measure} {measured(finding, finding.value)}, limit {limit(finding)}"
    said += f", noise {measured(finding, finding.noise)}" if finding.noise else ""
    sides = [side(finding, one) for one in (finding.reference, finding.candidate)]
    return f"{said} ({SIDES[finding.rule]} {' → '.join(sides)})"


def findings_table(findings: Sequence[Finding]) -> Table:
    """Every rule and subject with both sides; broken ones first."""
    rows = tuple(
        (
            Cell(f"{one.rule}: {shown(one.subject)}"),
            Cell(verdict(one)),
            Cell(UNDEFINED if one.value is None else measured(one, one.value)),
            Cell(limit(one)),
            Cell(measured(one, one.noise) if one.noise else UNDEFINED),
            Cell(side(one, one.reference)),
            Cell(side(one, one.candidate)),
        )
        for one in findings
    )
    head = ("rule", "verdict", "value", "limit", "noise", "reference", "now")
    return Table(title="Rules", head=head, rows=rows)


def verdict(finding: Finding) -> str:
    """Judge a finding in a word or two."""
    if finding.broken:
        return BEYOND + (f": {shown(finding.note)}" if finding.note else "")
    if finding.value is None:
        return f"not compared: {finding.note}"
    return "too few lists to tell" if finding.unsure else "holds"


def side(finding: Finding, value: float | None) -> str:
    """Write the reference's or the candidate's own number."""
    if value is None:
        return UNDEFINED
    if finding.rule in COUNTED:
        return count(int(value))
    return percent(value) if finding.rule in SHARES | {"relevant"} else plain(value)


def limit(finding: Finding) -> str:
    """Write the limit as it would stand in the job file, or as a percentage."""
    if finding.rule in SHARES:
        return percent(finding.limit)
    return f"{finding.limit:g}{TIMES}" if finding.rule == "relevant" else f"{finding.limit:g}"


def measured(finding: Finding, value: float) -> str:
    """Write a number in the measure of its rule."""
    if isinf(value) or finding.rule == "schema":
        return "∞" if isinf(value) else UNDEFINED
    if finding.rule in SHARES:
        return percent(value)
    return f"{value:.2f}{TIMES}" if finding.rule == "relevant" else number(value)
