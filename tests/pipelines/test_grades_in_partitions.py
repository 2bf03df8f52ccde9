"""What rules, audit and propensities say of a log does not hang on how it is cut."""

import subprocess
import sys
from typing import Any

import numpy as np
import polars as pl
import pytest

from ltr.evaluation.propensities import FILE as CURVE_FILE
from ltr.evaluation.propensities import Curve
from pipelines.contracts import PARTS
from pipelines.jobs.folders import Folders
from pipelines.jobs.prepare import run
from pipelines.progress import Progress
from pipelines.stages.audit import FILE as AUDIT_FILE
from tests.pipelines.cuts import cut_into
from tests.pipelines.job_tables import job, log

LISTS, DOCUMENTS = 60, 6
ESTIMATES: dict[str, dict[str, Any]] = {
    "harvesting": {"same": ["user"]},
    "pbm": {"same": ["user"]},
    "randomisation": {"shuffled": "price < 9"},
}
RULES = [
    {"grade": 3, "when": "longest_s > 40"},
    {"grade": 2, "when": "seconds > 30 AND num_acted < 5"},
    {"grade": 1, "when": "clicks > 0"},
]
EVENTS = {
    "window": 4,
    "sums": {"seconds": {"action": "leave", "value": "stay"}},
    "maxima": {"longest_s": {"action": "leave", "value": "stay"}},
}


def shuffled_log() -> pl.DataFrame:
    """Every list in an order of its own, so that documents stand at several positions."""
    chance = np.random.default_rng(0)
    ranks = np.concatenate([chance.permutation(DOCUMENTS) + 1 for _ in range(LISTS)])
    return log(LISTS, DOCUMENTS).with_columns(rank=pl.Series(ranks))


def clicks(shown: pl.DataFrame) -> pl.DataFrame:
    """Clicks, the rarer the lower a document stood, and how long people stayed."""
    chance = np.random.default_rng(1)
    told = shown.with_columns(
        stay=pl.Series(chance.uniform(0, 60, len(shown))),
        at=pl.col("shown") + pl.Series(chance.integers(0, 7, len(shown))),
    ).filter(pl.Series(chance.random(len(shown))) < 0.9 / pl.col("rank"))
    acts = [told.with_columns(what=pl.lit(what)) for what in ("click", "leave", "leave")]
    return pl.concat(acts).select("visit", "item", "at", "what", "stay")


def made(folder, name: str, **changes) -> Folders:
    folders = Folders(log=folder, run=folder / name)
    sections = {f"events__{key}": value for key, value in EVENTS.items()}
    sections |= {
        "events__counts": {"clicks": "click"},
        "grades": RULES,
        "acted__when": "clicks > 0",
    }
    sections["filters"] = [{"name": "unseen", "when": "NOT examined AND price > 4"}]
    with Progress("test") as progress:
        run(job(**(sections | changes)), folders, progress)
    return folders


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    shown = shuffled_log()
    shown.write_parquet(folder / "log.parquet")
    clicks(shown).write_parquet(folder / "events.parquet")
    return folder


def everything(folders: Folders) -> dict[str, Any]:
    """All that may not hang on the cut, in an order of its own."""
    found: dict[str, Any] = {}
    for part in PARTS:
        shards = [pl.read_ipc(path) for path in sorted((folders.lists / part).glob("*.arrow"))]
        found[part] = pl.concat(shards).sort("query_id").to_dicts()
    for table in ("rows", "events"):
        frame = pl.read_parquet(folders.lists / "rejects" / f"{table}-*.parquet")
        found[table] = frame.sort(frame.columns[:4]).to_dicts()
    found["audit"] = pl.read_parquet(folders.lists / AUDIT_FILE).to_dicts()
    curve = folders.lists / CURVE_FILE
    found["curve"] = curve.read_text() if curve.exists() else None
    return found


@pytest.mark.parametrize("estimate", ESTIMATES)
def test_the_number_of_partitions_changes_no_list_no_audit_and_no_curve(logged, estimate):
    told = {"estimate": estimate, "clicked": "clicks > 0", **ESTIMATES[estimate]}
    found = []
    for partitions in (1, 5):
        with cut_into(partitions, piece_rows=40):
            name = f"{estimate}-{partitions}"
            found.append(everything(made(logged, name, propensity=told)))
    assert found[0] == found[1]
    assert {row["rule"] for row in found[0]["audit"]} == {None, *(one["when"] for one in RULES)}
    assert all(row["held"] for row in found[0]["audit"])
    assert any("later after" in row["reason"] for row in found[0]["events"])


@pytest.mark.parametrize(
    "limits",
    [{"longer": "cut"}, {"longer": "sample"}, {"require": "positive"}, {"require": "two grades"}],
)
def test_clicks_are_counted_of_lists_as_they_were_shown(logged, limits):
    told = {"estimate": "pbm", "clicked": "clicks > 0"}
    parts = {"split": {"by": "hash"}, "filters": [], "propensity": told}
    whole = Curve.load(made(logged, "whole", **parts).lists)
    some = made(logged, "some", **parts, lists={"max_documents": 6, **limits})
    if "longer" in limits:
        some = made(logged, "some", **parts, lists={"max_documents": 4, **limits})
    assert Curve.load(some.lists) == whole


def test_clicks_on_filtered_rows_are_not_counted(logged):
    told = {"estimate": "pbm", "clicked": "clicks > 0"}
    filters = [{"name": "some", "when": "\"user\" = 'u0'"}]
    folders = made(logged, "fewer", split={"by": "hash"}, propensity=told, filters=filters)
    assert sum(Curve.load(folders.lists).shown) < LISTS * DOCUMENTS * 2 / 3


def test_to_prepare_nothing_is_imported_that_draws_or_learns():
    names = "matplotlib", "torch"
    code = f"import sys, pipelines.jobs.prepare; print([n for n in {names} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
