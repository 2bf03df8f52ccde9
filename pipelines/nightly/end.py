"""The end of a night: how it went, in one record and one page; and nights that are too old."""

import datetime
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import JsonValue

from ltr.atomic import remove_folder, remove_gone, write_file
from ltr.data.manifest import Manifest
from pipelines.nightly.context import Night
from pipelines.nightly.digest import digest_of
from pipelines.nightly.nights import NIGHTS, OUTCOME, dates, refused
from pipelines.nightly.outcome import Exit, Outcome, RuleRecord
from pipelines.nightly.steps import Task
from pipelines.telemetry import redact

if TYPE_CHECKING:
    from pipelines.gate import Verdict
    from pipelines.inspect.drift import Finding


def kept_for_drift(night: Night, findings: "Sequence[Finding] | None") -> bool:
    """Whether the lists have drifted so far that nothing is trained on them."""
    broken = any(one.broken for one in findings or ())
    return broken and not night.pinned.forced and "drift" not in night.job.gate.off


def end_of(night: Night, verdict: "Verdict | None") -> Task:
    """Say how the night ended, in ``outcome.json`` and a page; then remove old nights."""
    key: dict[str, JsonValue] = {"steps": digest_of(dict(night.steps.keys))}

    def work() -> None:
        found = outcome_of(night, verdict)
        write_page(night, found, verdict)
        write_outcome(night, found)
        remove_old(night)

    return Task("report", key, work, night.folder / OUTCOME)


def write_outcome(night: Night, outcome: Outcome) -> None:
    """Write ``outcome.json``.

    Raises:
        OSError: The disk is full or fails.
    """
    write_file(night.folder / OUTCOME, (outcome.model_dump_json(indent=1) + "\n").encode())


def write_page(night: Night, outcome: Outcome, verdict: "Verdict | None" = None) -> None:
    """Write ``night.html`` and ``night.md``, with what the night came to.

    Raises:
        OSError: The disk is full or fails.
    """
    from pipelines import night_report
    from pipelines.nightly.make import read_findings
    from pipelines.report import Report

    report = night.folders.report / "report.json"
    page = night_report.Night(
        job=night.output.resolve().name,
        outcome=outcome,
        verdict=verdict,
        report=Report.model_validate_json(report.read_bytes())
        if verdict and report.exists()
        else None,
        findings=read_findings(night),
        lineage=night.registry.version(night.candidate).lineage
        if verdict and night.candidate
        else None,
    )
    night_report.write_night(night.folder, page)


def outcome_of(night: Night, verdict: "Verdict | None") -> Outcome:
    """Say how a night ended that came to its end; without a verdict, drift ended it."""
    from pipelines.nightly.make import read_findings

    promoted = verdict is not None and verdict.promote
    rules = verdict.rules if verdict else drift_rules(read_findings(night) or ())
    return begun(night).model_copy(
        update={
            "status": "promoted" if promoted else "kept",
            "exit_code": Exit.PROMOTED if promoted else Exit.KEPT,
            "candidate": night.candidate if verdict else None,
            "forced": verdict is not None and verdict.forced,
            "rules": rules,
            **(_values(verdict) if verdict else {}),
        }
    )


def failed(night: Night, error: BaseException, exit_code: int) -> Outcome:
    """Say how a night ended that did not come to its end."""
    stopped = exit_code in (Exit.STOPPED, Exit.INTERRUPTED)
    text = redact(f"{error}".partition("\n")[0]) or type(error).__name__
    try:
        known = begun(night)
    except Exception:  # what is wrong may well be why it failed; that is what is told
        known = Outcome(date=night.date, status="failed", exit_code=exit_code)
    return known.model_copy(
        update={
            "status": "stopped" if stopped else "failed",
            "exit_code": exit_code,
            "error": text,
        }
    )


def begun(night: Night) -> Outcome:
    """What is known of a night whatever its end."""
    from pipelines.nightly.evidence import metric_of

    rows, lists = _counts(night)
    return Outcome(
        date=night.date,
        status="failed",
        exit_code=Exit.BUG,
        candidate=night.candidate,
        previous=night.pinned.champion,
        champion=night.registry.pointer(),
        metric=metric_of(night),
        rows=rows,
        lists=lists,
        seconds=night.steps.seconds,
    )


def drift_rules(findings: "Sequence[Finding]") -> tuple[RuleRecord, ...]:
    """Tell the rules of drift as the gate does."""
    from pipelines.inspect.drift_tables import sentence

    return tuple(
        RuleRecord(
            rule="drift",
            subject=f"{one.rule}: {one.subject}",
            passed=not one.broken,
            applies=one.value is not None,
            value=one.value if one.value is not None and math.isfinite(one.value) else None,
            limit=one.limit,
            says=sentence(one),
        )
        for one in findings
    )


def remove_old(night: Night) -> None:
    """Remove nights beyond ``nightly.keep``, the latest dates kept; never the champion's.

    Nor those that say which days the next night leaves out.
    """
    folder = night.output / NIGHTS
    remove_gone(folder)
    found = dates(folder)
    kept = {*found[-night.job.nightly.keep :], night.date.isoformat(), *_champions(night)}
    kept |= _suspects(night, found[-1])
    for name in found:
        if name not in kept:
            remove_folder(folder / name)


def _suspects(night: Night, latest: str) -> set[str]:
    """The dates of the nights that were refused and whose days the next window still has."""
    if not night.job.nightly.quarantine:
        return set()
    following = datetime.date.fromisoformat(latest) + datetime.timedelta(days=1)
    days = refused(night.output / NIGHTS, following, night.job.log.days or 1)
    return {day.isoformat() for day in days}


def _champions(night: Night) -> list[str]:
    """The dates of the nights that trained the model in use and the one before."""
    from pipelines.nightly.champion import Champion

    names = {night.registry.pointer(), night.pinned.champion} - {None}
    dates = [Champion(night.registry.version(name)).date for name in names if name is not None]
    return [date.isoformat() for date in dates if date is not None]


def _counts(night: Night) -> tuple[dict[str, int], dict[str, int]]:
    """Rows by fate, and lists by part; empty where there are no lists yet."""
    if not night.folders.lists.exists():
        return {}, {}
    manifest = Manifest.load(night.folders.lists)
    rows = manifest.rows
    fates = {
        "read": rows.read,
        "kept": rows.kept,
        "filtered": sum(rows.filtered.values()),
        "rejected": sum(rows.rejected.values()),
    }
    return fates, {name: split.lists for name, split in manifest.splits.items()}


def _values(verdict: "Verdict") -> dict[str, float | None]:
    found = verdict.headline
    if found is None:
        return {}
    return {
        "candidate_value": found.candidate.value,
        "champion_value": found.other.value,
        "difference": found.difference.value,
    }
