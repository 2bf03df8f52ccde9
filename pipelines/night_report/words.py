"""How a night ended, in sentences."""

from collections.abc import Iterable

from pipelines.gate.verdict import Verdict as GateVerdict
from pipelines.inspect.tables import shown
from pipelines.night_report.record import Night
from pipelines.nightly.outcome import RuleRecord
from pipelines.report.words import Verdict, count, interval, number, percent, signed

SEVERAL = 4
"""Rules that are named in the headline; more are counted."""


def headline(night: Night) -> Verdict:
    """Say in one sentence how the night ended, and why."""
    outcome = night.outcome
    candidate, before = _name(outcome.candidate, "the candidate"), outcome.previous
    if outcome.status == "failed":
        return Verdict(kind="worse", sentence=f"Failed: {_line(outcome.error or 'unknown reason')}")
    if outcome.status == "stopped":
        again = "The same command goes on where it stopped."
        return Verdict(kind="undefined", sentence=f"Stopped before the end. {again}")
    if outcome.status == "promoted":
        return _promoted(night, candidate)
    stays = f"Kept {shown(before)}" if before else "No model is in use"
    return Verdict(kind="unclear", sentence=f"{stays}: {_why_kept(night, candidate)}.")


def broken(night: Night) -> list[Verdict]:
    """Say every rule that failed, one line each."""
    return [
        # A finding's own sentence begins with what it is about.
        Verdict(kind="worse", sentence=f"{one.rule}: {one.says}")
        if one.rule == "drift"
        else Verdict(kind="worse", sentence=f"{one.rule}, {shown(one.subject)}: {one.says}")
        for one in rules(night)
        if not one.passed
    ]


def lines(night: Night) -> list[str]:
    """What else must be known to read the page rightly."""
    outcome, verdict = night.outcome, night.verdict
    used = outcome.champion or "none, so that baselines stand for it"
    told = [f"In use after the night: {shown(used)}. Exit code {outcome.exit_code}."]
    found = verdict.headline if verdict else None
    if verdict is not None:
        told.append(interval_rule(verdict))
    if verdict is not None and found is not None:
        gap = found.difference
        told.insert(
            0,
            f"{shown(verdict.metric.upper())} {number(found.candidate.value)} against"
            f" {number(found.other.value)} of {shown(found.against)}: {signed(gap.value)}"
            f" {interval(gap, sign=True)} over {count(gap.lists)} lists.",
        )
    return told


def verdict_of(night: Night) -> GateVerdict | None:
    """What the gate decided, the candidate under the name of its version if it has one."""
    name = night.outcome.candidate
    if night.verdict is None or name is None:
        return night.verdict
    return night.verdict.model_copy(update={"candidate": name})


def rules(night: Night) -> tuple[RuleRecord, ...]:
    """Every rule that was asked; those of drift alone where nothing was trained."""
    return night.outcome.rules or (night.verdict.rules if night.verdict else ())


def interval_rule(verdict: GateVerdict) -> str:
    """Say what the intervals are."""
    two_sided = 2 * verdict.confidence - 1
    return (
        f"Intervals hold {percent(round(two_sided, 6))} of the paired bootstrap over lists, so the"
        f" lower end alone is a one-sided bound with {percent(verdict.confidence)} confidence."
        " Lists without a relevant document are left out."
    )


def rule_names(records: Iterable[RuleRecord]) -> str:
    """Name each rule once.

    Example:
        >>> found = [RuleRecord(rule=name, subject="x", passed=False) for name in ("a", "b", "a")]
        >>> rule_names(found), rule_names(found[:1])
        ('the rules a and b', 'the rule a')
    """
    names = list(dict.fromkeys(one.rule for one in records))
    if len(names) > SEVERAL:
        names[SEVERAL - 1 :] = [f"{count(len(names) - SEVERAL + 1)} more"]
    if not names[1:]:
        return f"the rule {names[0]}"
    return f"the rules {', '.join(names[:-1])} and {names[-1]}"


def _promoted(night: Night, candidate: str) -> Verdict:
    failed = [one for one in rules(night) if not one.passed]
    if night.outcome.forced:
        why = f"although it fails {rule_names(failed)}" if failed else "as a person asked"
        return Verdict(kind="worse", sentence=f"Promoted {candidate} by force, {why}.")
    verdict = night.verdict
    found = verdict.headline if verdict else None
    if verdict is None or found is None or found.margin is None:
        return Verdict(kind="better", sentence=f"Promoted {candidate}: every rule holds.")
    beyond = f" by more than {number(found.margin)}" if found.margin else ""
    how = "better than" if (found.difference.low or 0) > 0 else "not worse than"
    sentence = (
        f"Promoted {candidate}: its {shown(verdict.metric.upper())} is {how} that of"
        f" {shown(found.against)}{beyond if how == 'not worse than' else ''}, and every other rule"
        " holds."
    )
    return Verdict(kind="better", sentence=sentence)


def _why_kept(night: Night, candidate: str) -> str:
    asked = rules(night)
    failed = [one for one in asked if not one.passed]
    if not failed:
        return f"{candidate} was not promoted"
    checks = f"{count(len(failed))} of {count(sum(one.applies for one in asked))} checks"
    told = f"{checks}, by {rule_names(failed)}"
    if night.verdict is None:
        return f"tonight's lists fail {told}, so nothing was trained on them"
    return f"{candidate} fails {told}"


def _name(name: str | None, otherwise: str) -> str:
    return shown(name) if name else otherwise


def _line(text: str) -> str:
    return shown(" ".join(text.split()))
