"""Decide: apply every rule to the evidence, and promote only if all hold."""

from collections.abc import Iterator

from pipelines.config import Gate
from pipelines.gate import rules
from pipelines.gate.compare import best_baseline, compare_all, opponent_of
from pipelines.gate.evidence import Evidence
from pipelines.gate.verdict import Compared, Verdict
from pipelines.nightly.outcome import RuleRecord

NEVER_FORCED = frozenset({"finite"})
"""Without numbers for scores there is no ranking, whoever asks for it."""


def judge(evidence: Evidence, limits: Gate, *, forced: bool = False) -> Verdict:
    """Decide whether the candidate takes the champion's place.

    The same evidence and limits give the same verdict; nothing is drawn but the bootstrap, by a
    fixed seed.

    Args:
        evidence: Both rankers on the same held-out lists.
        limits: The section ``[gate]`` of the job file.
        forced: Promote although a rule fails, and record that; only scores that are no numbers
            stand in the way.

    Returns:
        The decision, with a record for every rule and subject, those that hold included.

    Example:
        >>> import numpy as np
        >>> from pipelines.gate import Ranked
        >>> ours, theirs = (
        ...     Ranked(name=name, values=values, documents=900, orderable=300)
        ...     for name, values in {"v2": np.full(300, 0.5), "v1": np.full(300, 0.4)}.items()
        ... )
        >>> found = judge(Evidence(metric="ndcg@10", candidate=ours, champion=theirs), Gate())
        >>> found.promote, found.why
        (True, 'all 5 rules hold')
    """
    against = opponent_of(evidence, limits)
    compared = compare_all(evidence, limits)
    applied = tuple(_apply(evidence, compared, limits))
    failed = {one.rule for one in applied if not one.passed}
    forced = forced and bool(failed) and not failed & NEVER_FORCED
    return Verdict(
        promote=forced or not failed,
        forced=forced,
        metric=evidence.metric,
        candidate=evidence.candidate.name,
        champion=against.name,
        first=against.first,
        confidence=limits.confidence,
        rules=applied,
        compared=compared,
    )


def _apply(
    evidence: Evidence, compared: tuple[Compared, ...], limits: Gate
) -> Iterator[RuleRecord]:
    first = opponent_of(evidence, limits).name if evidence.champion is None else None
    headline = next((one for one in compared if one.kind == "all lists"), None)
    told = {
        "finite": rules.finite(evidence),
        "constant": rules.constant(evidence, limits),
        "champion": rules.champion(evidence, first or ""),
        "lists": rules.lists(evidence, headline, limits),
        "headline": rules.headline(evidence, headline, limits),
        "slice": rules.slices(compared, limits),
        "baseline": rules.baseline(_best(evidence, compared), limits, first),
        "calibration": rules.calibration(evidence, limits),
        "drift": rules.drift(evidence),
    }
    for name, records in told.items():
        yield from [rules.off(name)] if name in limits.off else records


def _best(evidence: Evidence, compared: tuple[Compared, ...]) -> Compared | None:
    if not evidence.baselines:
        return None
    best = best_baseline(evidence.baselines)
    return next((one for one in compared if one.kind == "baseline" and one.against == best), None)
