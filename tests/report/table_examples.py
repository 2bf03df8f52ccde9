"""Reports of scored tables: with and without a baseline, and one whose every text is hostile."""

from pipelines.report.counterfactual_record import Counterfactual, Estimated, Estimator, Weights
from pipelines.report.parts import BINS, CURVE_KS, Estimate, PositionRate
from pipelines.report.table_record import (
    Bin,
    Definitions,
    Measure,
    Side,
    Slice,
    TableReport,
    WorstDocument,
    WorstList,
)
from tests.report.examples import HOSTILE


def estimate(value, spread=0.01, lists=900):
    return Estimate(value=value, low=value - spread, high=value + spread, lists=lists, blank=100)


def table_report(text="", *, baseline=True, **changes):
    names = [f"score{text}", f"other{text}"][: 1 + baseline]
    worst = WorstList(query=f"q1{text}", documents=3, candidate=0.2, shown=_documents(text))
    parts = {
        "source": f"scored.parquet{text}",
        "columns": {"query": f"request{text}", "score": names[0]},
        "definitions": _definitions(),
        "rows": 20_000,
        "lists": 1_000,
        "counts": {f"score not finite{text}": 3, "nothing": 0},
        "metrics": (_measure("ndcg@10", baseline), _measure("mrr", baseline)),
        "headline": "ndcg@10",
        "sides": tuple(_side(name) for name in names),
        "slices": (_slice(f"tablet{text}", -0.1, baseline), _slice("phone", 0.05, baseline)),
        "positions": (PositionRate(position=1, documents=100, clicked=30),),
        "reliability": tuple(
            Bin(score=at, documents=50, clicked=int(40 * at)) for at in (0.1, 0.9)
        ),
        "worst": (worst,),
        "notes": (f"3 score not finite{text}.",),
    }
    return TableReport(**parts | changes)


def hostile_table_report():
    return table_report(HOSTILE)


def _definitions():
    return Definitions(
        gain="exp2", ties="averaged", blank="skip", confidence=0.95, resamples=2000,
        method="percentile", seed=0,
    )  # fmt: skip


def _measure(name, baseline):
    if not baseline:
        return Measure(name=name, candidate=estimate(0.7))
    return Measure(
        name=name, candidate=estimate(0.7), baseline=estimate(0.66), difference=estimate(0.04),
        p=0.002, detectable=0.01,
    )  # fmt: skip


def _slice(value, difference, baseline):
    one = {"by": "device", "value": value, "lists": 400, "candidate": estimate(0.6)}
    if baseline:
        against = {"baseline": estimate(0.6 - difference), "difference": estimate(difference)}
        one |= {**against, "p": 0.001, "p_holm": 0.002}
    return Slice(**one)


def _side(name):
    return Side(name=name, by_k=tuple(0.5 + k / 100 for k in CURVE_KS), histogram=(5,) * BINS)


def _documents(text):
    return tuple(
        WorstDocument(
            rank=at, baseline_rank=4 - at, label=at - 1, score=1 / at, text=f"d{at}{text}"
        )
        for at in (1, 2, 3)
    )


def counterfactual(**changes):
    names: tuple[Estimator, ...] = ("naive", "inverse propensity", "clipped", "self-normalised")
    values = (0.4, 0.62, 0.5, 0.6)
    parts = {
        "kind": "ranking",
        "reward": "click",
        "new": "new",
        "propensity": None,
        "per": "list",
        "estimates": tuple(
            Estimated(name=name, estimate=estimate(value, 0.1))
            for name, value in zip(names, values, strict=True)
        ),
        "weights": Weights(
            rows=1000, rewarded=90, effective_sample_size=400.4, mean_weight=1.1, max_weight=12.0,
            top_share=0.1, zero_overlap=3, unsupported=2, clipped=7,
        ),
        "clip": 10,
        "curve": (1.0, 0.5),
        "method": "bca",
        "confidence": 0.95,
        "resamples": 2000,
        "seed": 0,
        "warnings": ("A warning.",),
    }  # fmt: skip
    return Counterfactual(**parts | changes)
