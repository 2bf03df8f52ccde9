"""The whole order of a night: a log and the model in use in; the model to use and a report out.

Every step is kept by its content (``pipelines.nightly.steps``), so this order is walked through on
every run; what is there already is not made again.
"""

from typing import TYPE_CHECKING

from pipelines.nightly.context import Night
from pipelines.nightly.decide import (
    decision_of,
    entry_of,
    promotion_of,
    read_verdict,
    scores_of,
)
from pipelines.nightly.end import end_of, kept_for_drift
from pipelines.nightly.make import drift_of, lists_of, model_of, read_findings, report_of
from pipelines.nightly.outcome import Outcome

if TYPE_CHECKING:
    from pipelines.gate import Verdict

ORDER = (
    *("prepare", "drift", "train", "evaluate", "decide"),
    *("register", "promote", "score", "report"),
)


def run_night(night: Night) -> Outcome:
    """Do what is missing of a night, in this order, and return how it ended.

    Raises:
        LtrError: Something that the night was given is wrong; what is done stays done.
        ChampionChangedError: Another version became the champion meanwhile: begin anew.
        Undone: This is a plan, and a step is to be done.
    """
    do = night.steps.do
    do(lists_of(night))
    do(drift_of(night))
    drifted = kept_for_drift(night, read_findings(night))
    verdict = None if drifted else _judged(night)
    if scoring := scores_of(night, verdict):
        do(scoring)
    do(end_of(night, verdict))
    outcome = night.outcome()
    assert outcome is not None
    return outcome


def _judged(night: Night) -> "Verdict":
    """Train a candidate, and promote it if the gate says so."""
    do = night.steps.do
    do(model_of(night))
    do(report_of(night))
    do(decision_of(night))
    verdict = read_verdict(night)
    do(entry_of(night))
    if verdict.promote:
        do(promotion_of(night, verdict))
    return verdict
