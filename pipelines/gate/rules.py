"""Every rule of the gate, in the order in which the report tells them; ``docs/gate.md`` says why.

A rule gives a record for every subject, also where it holds and where there is nothing to judge.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import special

from ltr.evaluation import function_interval
from pipelines.config import Gate
from pipelines.gate.compare import RESAMPLES, SEED
from pipelines.gate.evidence import Absent, Calibration, Evidence, Ranked, Values
from pipelines.gate.verdict import Compared
from pipelines.inspect.drift_tables import sentence
from pipelines.inspect.tables import percent, shown
from pipelines.nightly.outcome import RuleRecord
from pipelines.report.parts import Estimate
from pipelines.report.words import count, interval, number, share, signed
from pipelines.table.sure import calibration_error

POWER = 0.8
"""Of nights in which a candidate that equals the champion passes, where lists are said to do."""


def finite(evidence: Evidence) -> Iterator[RuleRecord]:
    """Every score is a number."""
    ours = evidence.candidate
    yield RuleRecord(
        rule="finite",
        subject=ours.name,
        passed=ours.not_finite == 0,
        value=ours.not_finite,
        limit=0,
        says=f"{count(ours.not_finite)} of {count(ours.documents)} scores are no finite number",
    )


def constant(evidence: Evidence, limits: Gate) -> Iterator[RuleRecord]:
    """The scores tell documents of a list apart."""
    ours = evidence.candidate
    if not ours.orderable:
        yield _idle("constant", ours.name, "no list has two documents")
        return
    found = ours.constant / ours.orderable
    said = f"{count(ours.constant)} of {count(ours.orderable)} lists have a single score for all"
    yield RuleRecord(
        rule="constant",
        subject=ours.name,
        passed=found <= limits.constant,
        value=found,
        limit=limits.constant,
        says=f"{said}, {share(ours.constant, ours.orderable)}; at most {percent(limits.constant)}",
    )


def champion(evidence: Evidence, first: str) -> Iterator[RuleRecord]:
    """The champion could be compared, if there is one."""
    theirs = evidence.champion
    if theirs is None:
        why = f"there is none yet, and {shown(first)}, the best baseline, stands for it"
        yield _idle("champion", "champion", why)
    elif isinstance(theirs, Absent):
        said = f"could not be compared: {shown(theirs.why)}"
        yield RuleRecord(rule="champion", subject=theirs.name, passed=False, says=said)
    else:
        bad = theirs.not_finite
        said = f"{count(bad)} of {count(theirs.documents)} scores are no finite number"
        yield RuleRecord(
            rule="champion", subject=theirs.name, passed=bad == 0, value=bad, limit=0, says=said
        )


def lists(evidence: Evidence, headline: Compared | None, limits: Gate) -> Iterator[RuleRecord]:
    """There are enough lists to compare on."""
    known = int((~np.isnan(evidence.candidate.values)).sum())
    found = headline.difference.lists if headline else known
    said = f"{count(found)} of {count(evidence.lists)} held-out lists count"
    yield RuleRecord(
        rule="lists",
        subject="held-out lists",
        passed=found >= limits.min_lists,
        value=found,
        limit=limits.min_lists,
        says=f"{said}, at least {count(limits.min_lists)} must",
    )


def headline(evidence: Evidence, found: Compared | None, limits: Gate) -> Iterator[RuleRecord]:
    """The candidate is not worse than the champion by the margin, with confidence."""
    if found is None:
        yield _idle("headline", evidence.metric, "there is no champion to compare with")
    else:
        yield _not_worse("headline", evidence.metric, found, limits)


def slices(compared: Sequence[Compared], limits: Gate) -> Iterator[RuleRecord]:
    """No value of a named column is worse by the slice margin, with confidence."""
    if not limits.slices:
        yield _idle("slice", "none", "gate.slices names no column")
    for column in limits.slices:
        parts = [one for one in compared if one.column == column]
        if not parts:
            yield _idle("slice", column, "no list has a value of it that could be compared")
        for one in parts:
            if one.judged:
                yield _not_worse("slice", one.subject, one, limits)
            else:
                least = f"judged from {count(limits.slice_min_lists)} lists on"
                yield _idle("slice", one.subject, f"{_difference(one)}; {least}")


def baseline(best: Compared | None, limits: Gate, first: str | None) -> Iterator[RuleRecord]:
    """The candidate is not shown to be worse than the best baseline."""
    if first is not None:
        yield _idle("baseline", first, "it stands for the champion")
    elif best is None:
        yield _idle("baseline", "baselines", "there is none")
    else:
        high = best.difference.high
        limit = 0.0 - limits.first_margin
        yield RuleRecord(
            rule="baseline",
            subject=best.against,
            passed=high is None or high >= limit,
            value=best.difference.value,
            limit=limit,
            low=best.difference.low,
            high=high,
            says=f"{_difference(best)}; the upper end must be at least {signed(limit)}",
        )


def calibration(evidence: Evidence, limits: Gate) -> Iterator[RuleRecord]:
    """Scores that are probabilities are near to what is observed."""
    ours = evidence.candidate
    found = _error(ours.calibration, limits)
    if isinstance(found, str):
        yield _idle("calibration", ours.name, found)
        return
    others = evidence.champion
    theirs = _error(others.calibration, limits) if isinstance(others, Ranked) else ""
    against = "" if isinstance(theirs, str) else f", the champion's {number(theirs.value)}"
    yield RuleRecord(
        rule="calibration",
        subject=ours.name,
        passed=found.value is not None and found.value <= limits.calibration,
        value=found.value,
        limit=limits.calibration,
        low=found.low,
        high=found.high,
        says=f"calibration error {number(found.value)} {interval(found)}{against}; at most "
        f"{limits.calibration:g}",
    )


def drift(evidence: Evidence) -> Iterator[RuleRecord]:
    """No rule of ``[drift]`` is broken by the lists of this night."""
    if not evidence.findings:
        why = evidence.no_findings if evidence.findings is None else "no rule of [drift] is on"
        yield _idle("drift", "lists", why)
    for one in evidence.findings or ():
        yield RuleRecord(
            rule="drift",
            subject=f"{one.rule}: {one.subject}",
            passed=not one.broken,
            applies=one.value is not None,
            # A share that grew from 0 did so by an infinite factor.
            value=one.value if one.value is not None and math.isfinite(one.value) else None,
            limit=one.limit,
            says=sentence(one),
        )


def off(rule: str) -> RuleRecord:
    """Record a rule that the job does without."""
    return _idle(rule, rule, "it is in gate.off")


def _not_worse(rule: str, subject: str, found: Compared, limits: Gate) -> RuleRecord:
    margin = found.margin or 0.0
    low = found.difference.low
    said = f"{_difference(found)}; the lower end must be at least {signed(-margin)}"
    return RuleRecord(
        rule=rule,
        subject=subject,
        passed=found.held,
        value=found.difference.value,
        limit=0.0 - margin,
        low=low,
        high=found.difference.high,
        says=said if found.held else f"{said}: {_reason(found, limits)}",
    )


def _reason(found: Compared, limits: Gate) -> str:
    """Say whether it is worse, or whether so few lists cannot tell."""
    gap, margin = found.difference, found.margin or 0.0
    if gap.low is None or gap.high is None:
        return "so few lists have no interval"
    if gap.high < -margin:
        return "it is worse than the margin allows"
    if gap.high < 0:
        return "it is worse, and may be so by more than the margin"
    needed = _lists_needed(gap, margin, limits.confidence)
    if needed is None or needed <= gap.lists:
        return "chance may explain the difference, but not rule out that it is worse"
    return (
        f"too few lists to tell; with about {count(needed)} an equal candidate would pass in four"
        " nights out of five"
    )


def _lists_needed(gap: Estimate, margin: float, confidence: float) -> int | None:
    """Lists with which a candidate that equals the champion passes four times out of five."""
    if gap.low is None or gap.high is None or margin <= 0:
        return None
    z = float(special.ndtri(confidence))
    error = (gap.high - gap.low) / (2 * z)
    per_night = (z + float(special.ndtri(POWER))) * error / margin
    # Two digits: it is a guess from one night.
    exact = float(gap.lists * per_night**2)
    unit = int(10 ** max(math.floor(math.log10(max(exact, 1))) - 1, 0))
    return math.ceil(exact / unit) * unit


def _difference(found: Compared) -> str:
    gap = found.difference
    return (
        f"{number(found.candidate.value)} against {number(found.other.value)} of "
        f"{shown(found.against)}: "
        f"{signed(gap.value)} {interval(gap, sign=True)} over {count(gap.lists)} lists"
    )


def _error(found: Calibration, limits: Gate) -> Estimate | str:
    """The calibration error over all lists, or why there is none."""
    sums: Values | None = found.sums
    if sums is None:
        return found.note
    if not len(sums) or not sums[:, -1].sum():
        return "no document has a probability"
    return Estimate.of(
        function_interval(
            sums,
            calibration_error,
            lowest=0.0,
            highest=1.0,
            confidence=2 * limits.confidence - 1,
            resamples=RESAMPLES // 4,
            seed=SEED,
        )
    )


def _idle(rule: str, subject: str, why: str) -> RuleRecord:
    says = f"does not apply: {why}"
    return RuleRecord(rule=rule, subject=subject, passed=True, applies=False, says=says)
