"""Evidence made by hand: two rankers whose difference is known."""

from dataclasses import replace
from typing import Any

import numpy as np

from pipelines.gate import Evidence, Ranked


def ranker(name, values, **changes: Any) -> Ranked:
    found = np.asarray(values, dtype=np.float64)
    known: dict[str, Any] = {"documents": 10 * len(found), "orderable": len(found)}
    return Ranked(name=name, values=found, **{**known, **changes})


def values(lists=400, *, seed=0):
    """NDCG as it is: between 0 and 1, many lists perfect."""
    return np.clip(np.random.default_rng(seed).normal(0.7, 0.3, lists), 0, 1)


def against(difference, lists=400, *, spread=0.02, seed=1):
    """A candidate and a champion; their differences have this mean and spread."""
    champion = values(lists, seed=seed)
    noise = np.random.default_rng(seed + 1).normal(0, spread, lists)
    noise -= noise.mean()
    return ranker("v0002", champion + difference + noise), ranker("v0001", champion)


def evidence(difference=0.0, lists=400, **changes: Any) -> Evidence:
    """A night with a champion, where nothing else is wrong."""
    candidate, champion = against(difference, lists)
    found = Evidence(metric="ndcg@10", candidate=candidate, champion=champion)
    return replace(found, **changes)
