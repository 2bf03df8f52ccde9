"""Outcomes of nights to tell of."""

import datetime

from pipelines.nightly.outcome import Exit, Outcome, RuleRecord

DATE = datetime.date(2026, 11, 21)


def night(**changes):
    told = {
        "date": DATE,
        "status": "promoted",
        "exit_code": Exit.PROMOTED,
        "candidate": "v0007",
        "champion": "v0007",
        "previous": "v0006",
        "candidate_value": 0.612,
        "champion_value": 0.6,
        "difference": 0.012,
        "rules": (
            RuleRecord(rule="headline", subject="ndcg@10", passed=True, value=0.012, limit=-0.01),
            RuleRecord(rule="drift", subject="document/price", passed=False, value=0.3, limit=0.25),
            RuleRecord(rule="drift", subject="query/device", passed=True, value=0.0, limit=0.1),
        ),
        "rows": {"read": 1000, "kept": 900, "filtered": 60, "rejected": 40},
        "lists": {"train": 30, "validation": 5, "test": 10},
        "seconds": {"prepare": 3.5, "train": 61.0, "score": 0.0},
    }
    return Outcome.model_validate({**told, **changes})


def failed(error="read: the log must have rows; found none", **changes):
    return Outcome(date=DATE, status="failed", exit_code=Exit.BAD_INPUT, error=error, **changes)
