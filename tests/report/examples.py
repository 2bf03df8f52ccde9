"""Reports as a job would fill them: good, unflattering, unclear and undefined ones."""

import numpy as np

from ltr.data.manifest import Events, Rows
from pipelines.report import (
    LOGGED_ORDER_NOTE,
    Data,
    Epoch,
    PositionRate,
    Report,
    Rules,
    Split,
    Training,
    all_ks,
    compare,
)

RULES = Rules(gain="exp2", cutoffs=(1, 5, 10), resamples=400, seed=7)
LISTS = 612


def good_report(**changes):
    return _report(_values(0.58), _values(0.52), **changes)


def unflattering_report():
    return _report(_values(0.49), _values(0.52), notes=(LOGGED_ORDER_NOTE,))


def unclear_report():
    return _report(_values(0.523), _values(0.52))


def undefined_report():
    nothing = np.full((LISTS, len(all_ks(RULES))), np.nan)
    epochs = (Epoch(epoch=1, train_loss=float("nan"), validation_ndcg=float("nan")),)
    training = Training(loss="graded_hinge", epochs=epochs, best_epoch=1)
    return _report(nothing, nothing, random=nothing, positions=(), training=training)


HOSTILE = """<img src=x onerror='alert(1)'><script>"&amp;$x$ | **bold**</script>"""


def hostile_report():
    """Every text that a log or a job could bring is an attempt at markup."""
    report = good_report()
    theirs = tuple(
        one.model_copy(update={"name": f"{at} {HOSTILE}"})
        for at, one in enumerate(report.baselines)
    )
    against = [one.model_copy(update={"baseline": theirs[1].name}) for one in report.differences]
    rejected = {HOSTILE: 3}
    data = report.data.model_copy(
        update={
            "rows": report.data.rows.model_copy(update={"rejected": rejected}),
            "events": Events(read=3, attributed=0, rejected=rejected),
            "test": report.data.test.model_copy(update={"first": HOSTILE, "last": HOSTILE}),
        }
    )
    settings = {HOSTILE: HOSTILE}
    training = report.training.model_copy(
        update={"loss": HOSTILE, "arguments": settings, "towers": settings}
    )
    changes = {"baselines": theirs, "differences": tuple(against), "training": training}
    return good_report(job=HOSTILE, data=data, notes=(HOSTILE,), **changes)


def _values(level, seed=0, blank=28):
    """NDCG of lists whose difficulty is the same for every ranker, rising with k."""
    difficulty = np.random.default_rng(3).normal(0, 0.22, (LISTS, 1))
    noise = np.random.default_rng(seed + int(level * 1000)).normal(0, 0.12, (LISTS, 1))
    ks = np.array(all_ks(RULES))
    found = np.clip(level + difficulty + noise + 0.13 * np.log10(ks) - 0.1, 0, 1)
    found[:blank] = np.nan
    return found


def _report(model, logged, /, random=None, **changes):
    baselines = {
        "random order": _values(0.31) if random is None else random,
        "logged order": logged,
        "document popularity": logged if random is not None else _values(0.44),
    }
    parts = {
        "job": "sample_data",
        "rules": RULES,
        **compare(model, baselines, RULES)._asdict(),
        "positions": _positions(),
        "training": _training(),
        "data": _data(),
        "notes": (LOGGED_ORDER_NOTE, "Random order is one seeded shuffle per list."),
    }
    return Report(**parts | changes)


def _positions():
    shown = [LISTS - 14 * at for at in range(1, 41)]
    return tuple(
        PositionRate(position=at, documents=n, clicked=int(n * (0.04 + 0.3 / at**0.8)))
        for at, n in enumerate(shown, start=1)
    )


def _training():
    curve = [0.41, 0.492, 0.531, 0.549, 0.558, 0.5615, 0.5607, 0.5598]
    return Training(
        loss="graded_hinge",
        arguments={"margin": 1.0},
        towers={"embedding_dim": 32, "query": [64, 32], "document": [64, 32], "scorer": [32]},
        epochs=tuple(
            Epoch(epoch=at, train_loss=0.93 * 0.86**at + 0.31, validation_ndcg=value)
            for at, value in enumerate(curve, start=1)
        ),
        best_epoch=6,
    )


def _data():
    def split(lists, first, last):
        n = lists * 18
        grades = {0: n - lists * 3, 1: lists * 2, 2: lists * 3 // 4, 3: lists - lists * 3 // 4}
        return Split(lists=lists, documents=n, grades=grades, first=first, last=last)

    rejected = {"duplicate": 214, "no document": 31, "no query": 12, "list too long": 2000}
    return Data(
        rows=Rows(read=57_000, kept=57_000 - sum(rejected.values()), rejected=rejected),
        events=Events(read=8_912, attributed=8_655, rejected={"unmatched": 257}),
        train=split(1_820, "2026-03-01T00:00:12", "2026-03-05T21:14:40"),
        validation=split(608, "2026-03-05T21:15:02", "2026-03-06T23:58:00"),
        test=split(LISTS, "2026-03-06T23:59:10", "2026-03-08T23:59:49"),
    )
