"""The end of a night as events: what drifted, what was decided, what follows, how it went."""

import logging
from typing import Any

from pipelines.nightly.outcome import Outcome
from pipelines.telemetry._events import EventLog


def tell_end(events: EventLog, outcome: Outcome) -> None:
    """Tell how a night ended, in lines that a collector does not cut.

    ``drift`` for every column or count that went beyond its limit, ``decision`` with the rules that
    did not hold where candidate and champion were compared or drift ended the night, ``promoted``
    and ``scored`` where that was done, and ``night_finished`` last.
    """
    broken = [rule for rule in outcome.rules if not rule.passed]
    for rule in broken:
        if rule.rule == "drift":
            told = {"subject": rule.subject, "value": rule.value, "limit": rule.limit}
            events.emit("drift", rule.says, level=logging.WARNING, **told)
    versions: dict[str, Any] = {"champion": outcome.champion, "previous": outcome.previous}
    if outcome.rules:
        events.emit(
            "decision",
            promote=outcome.status == "promoted",
            forced=outcome.forced,
            candidate=outcome.candidate,
            metric=outcome.metric,
            candidate_value=outcome.candidate_value,
            champion_value=outcome.champion_value,
            difference=outcome.difference,
            broken=[f"{rule.rule}: {rule.subject}" for rule in broken],
            **versions,
        )
    if outcome.status == "promoted":
        events.emit("promoted", forced=outcome.forced, **versions)
    if "score" in outcome.seconds:
        events.emit("scored", seconds=outcome.seconds["score"], champion=outcome.champion)
    events.emit(
        "night_finished",
        level=logging.ERROR if outcome.status == "failed" else logging.INFO,
        status=outcome.status,
        exit_code=outcome.exit_code,
        error=outcome.error,
        rows=outcome.rows,
        lists=outcome.lists,
        seconds=outcome.seconds,
        **versions,
    )
