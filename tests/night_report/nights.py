"""Nights as they end: promoted, kept, forced, failed, and one whose every name is markup."""

import datetime
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from pipelines.config import Gate
from pipelines.gate import Verdict, judge
from pipelines.inspect.drift import Finding
from pipelines.night_report import Night
from pipelines.nightly.outcome import Exit, Outcome
from tests.gate.evidence import evidence, ranker
from tests.report.examples import HOSTILE, good_report, hostile_report

DATE = datetime.date(2026, 11, 21)
LISTS = 2_400
GATE = Gate(slices=("device",))
FINDINGS = (
    Finding(rule="fewer_lists", subject="lists", value=0.02, limit=0.5, reference=2450,
            candidate=2400),
    Finding(rule="grades", subject="grades of documents", value=0.004, limit=0.1, noise=0.01,
            reference=0.11, candidate=0.12),
    Finding(rule="numbers", subject="age_days", value=0.11, limit=0.25, noise=0.02, reference=31.9,
            candidate=36.2),
    Finding(rule="unseen", subject="document_id", value=0.03, limit=0.1, noise=0.01, reference=0.21,
            candidate=0.24),
)  # fmt: skip
BROKEN = Finding(
    rule="numbers", subject="price", value=0.41, limit=0.25, noise=0.02, reference=31.9,
    candidate=48.2,
)  # fmt: skip
SECONDS = {
    "prepare": 41.2,
    "drift": 2.1,
    "train": 312.0,
    "evaluate": 9.4,
    "gate": 0.4,
    "score": 0.0,
}
ROWS = {"read": 52_000, "kept": 50_500, "filtered": 700, "rejected": 800}


def verdict(
    difference=0.004, *, desk=0.0, forced=False, findings=FINDINGS, name="v0007", **changes: Any
) -> Verdict:
    """A verdict on 2,400 lists of three devices and an own loss on one of them."""
    rng = np.random.default_rng(3)
    champion = np.clip(rng.normal(0.62, 0.3, LISTS), 0, 1)
    devices = rng.choice(["phone", "desk", "tablet", "watch"], LISTS, p=[0.6, 0.25, 0.12, 0.03])
    candidate = champion + difference + rng.normal(0, 0.12, LISTS) + desk * (devices == "desk")
    candidate[::7] = np.nan
    night = evidence(
        candidate=ranker("v0008", candidate),
        champion=ranker(name, champion),
        baselines={
            "logged order": champion - 0.03 + rng.normal(0, 0.2, LISTS),
            "random": champion - 0.25,
        },
        slices={"device": devices.tolist()},
        findings=findings,
    )
    return judge(replace(night, **changes), GATE, forced=forced)


def night(found: Verdict | None, **changes: Any) -> Night:
    """The report's input for a verdict."""
    promoted = found is not None and found.promote
    outcome = Outcome(
        date=DATE,
        status="promoted" if promoted else "kept",
        exit_code=Exit.PROMOTED if promoted else Exit.KEPT,
        candidate="v0008",
        champion="v0008" if promoted else "v0007",
        previous="v0007",
        forced=found is not None and found.forced,
        rules=found.rules if found else (),
        rows=ROWS,
        lists={"train": 9_000, "validation": 1_500, "test": 2_400},
        seconds=SECONDS,
    )
    told = {"report": good_report(), "findings": FINDINGS, "lineage": lineage(), **changes}
    return Night(job="sample", outcome=told.pop("outcome", outcome), verdict=found, **told)


def lineage(files=4, name="impressions/2026-11-{:02d}.parquet"):
    found = [
        SimpleNamespace(file=name.format(day + 18), sha256=f"{day:x}" * 64, rows=13_000)
        for day in range(files)
    ]
    return SimpleNamespace(code="0.1.0", parent="v0007", files=tuple(found))


def promoted():
    return night(verdict(0.0))


def better():
    return night(verdict(0.02))


def kept():
    return night(verdict(desk=-0.06, findings=(BROKEN, *FINDINGS)), findings=(BROKEN, *FINDINGS))


def forced():
    return night(verdict(desk=-0.06, forced=True))


def failed():
    ended = Outcome(
        date=DATE,
        status="failed",
        exit_code=Exit.BAD_INPUT,
        champion="v0007",
        previous="v0007",
        error="log.path: no file matches impressions/2026-11-21.parquet",
        seconds={"prepare": 0.3},
    )
    return Night(job="sample", outcome=ended)


def hostile():
    """Every text that a log or a job could bring is an attempt at markup."""
    bad = replace(BROKEN, subject=HOSTILE)
    found = verdict(
        desk=-0.06,
        name=HOSTILE,
        findings=(bad,),
        slices={"device": [HOSTILE if at % 2 else "b" for at in range(LISTS)]},
        baselines={HOSTILE: np.full(LISTS, 0.3)},
    )
    made = night(found, findings=(bad,), report=hostile_report(), lineage=lineage(name=HOSTILE))
    names = {"candidate": HOSTILE, "champion": HOSTILE, "previous": HOSTILE, "metric": HOSTILE}
    ended = made.outcome.model_copy(
        update={**names, "rows": {HOSTILE: 3}, "seconds": {HOSTILE: 3.0}, "lists": {HOSTILE: 3}}
    )
    return replace(made, job=HOSTILE, outcome=ended)


def drifted():
    """Nothing was trained: the lists of the night are too far from the champion's."""
    findings = (BROKEN, *FINDINGS)
    told = verdict(findings=findings).rules
    made = night(None, findings=findings, report=None, lineage=None)
    rules = tuple(one for one in told if one.rule == "drift")
    changes = {"rules": rules, "candidate": None, "seconds": {"prepare": 41.2, "drift": 2.1}}
    return replace(made, outcome=made.outcome.model_copy(update=changes))
