"""Every row of any log ends in exactly one place: a list, a filter, or the rejects."""

import json
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltr.data.manifest import Manifest
from pipelines.errors import JobError
from pipelines.jobs.folders import Folders
from pipelines.jobs.prepare import run
from pipelines.progress import Progress
from tests.pipelines.job_tables import events, job, log

VALUES = st.sampled_from(["a", "b", "c", None])
QUERIES = [f"q{number}" for number in (0, 5, 8, 9)] + ["new", "Ä\n", "", None]
"""Some are in the clean part of the log, in each of its parts."""
ROW = st.fixed_dictionaries(
    {
        "request": st.sampled_from(QUERIES),
        "item": st.sampled_from(["d0", "d1", "a", "b", "c", "d", "e", None]),
        "shown": st.sampled_from([-1, 0, 50, 80, 95, 2**40, None]),
        "rank": st.sampled_from([-1, 0, 1, 2, 3, 2**40, None]),
        "visit": st.sampled_from(["v0", "v5", "v9", "crawler", None]),
        "user": VALUES,
        "tags": st.one_of(st.none(), st.lists(VALUES, max_size=2)),
        "price": st.sampled_from([-1.0, 0.0, 1.0, None, float("nan"), float("inf")]),
        "fold": st.sampled_from(["train", "test", "valid", None]),
        "computed": st.sampled_from([-5, 50, 2**41, None]),
        "seen": st.sampled_from([0.1, 1.0, 0.0, 2.0, None, float("nan")]),
    }
)
EVENT = st.fixed_dictionaries(
    {
        "visit": st.sampled_from(["v0", "v5", "v8", "crawler", "unknown", None]),
        "item": st.sampled_from(["d0", "d1", "a", None]),
        "at": st.sampled_from([-9, 1, 51, 200, 2**41, None]),
        "what": st.sampled_from(["click", "buy", "scroll", None]),
    }
)
FILTERS = [
    {"name": "free", "when": "price = 0"},
    {"name": "clicked", "when": "clicks > 0 AND rank > 2"},
    {"name": "crawler", "when": "visit = 'crawler'"},
    {"name": "nothing", "when": "rank > 99 AND rank < 98"},
    {"name": "ünïcode: x", "when": '"user" IS NULL'},
]
SETTINGS = st.fixed_dictionaries(
    {
        "filters": st.lists(st.sampled_from(FILTERS), unique_by=lambda one: one["name"]),
        "lists": st.fixed_dictionaries(
            {
                "min_documents": st.sampled_from([1, 2]),
                "longer": st.sampled_from(["leave out", "cut", "sample"]),
                "require": st.sampled_from(["nothing", "positive", "two grades"]),
            },
            optional={
                "max_documents": st.sampled_from([3, 4, 5]),
                "max_per_session": st.sampled_from([1, 3]),
                "order": st.sampled_from(["price", "shown", "item"]),
                "seed": st.integers(0, 3),
            },
        ),
        "split": st.sampled_from(
            [
                {},
                {"by": "hash", "test": 0.4, "validation": 0.3},
                {"by": "hash", "column": "user", "test": 0.4, "validation": 0.3, "seed": 2},
                {"by": "hash", "folds": 3, "fold": 2},
                {"by": "column", "column": "fold"},
            ]
        ),
        "leakage": st.sampled_from([{}, {"known_at": ["computed"], "tolerance": 0.5}]),
    },
    optional={
        "acted": st.just({"when": "clicks > 0"}),
        "propensity": st.just({"column": "seen", "clip": 0.5}),
    },
)
CLEAN = log(12).with_columns(
    fold=pl.col("shown").replace_strict(
        {80: "validation", 90: "validation", 100: "test", 110: "test"}, default="train"
    ),
    computed=pl.lit(-5, pl.Int64),
    seen=pl.lit(0.7),
)


def prepared(rows, happened, changes, folder):
    """Prepare a log through the job itself, with the manifest and folder that come of it."""
    frame = pl.concat([CLEAN, pl.DataFrame(rows, schema=CLEAN.schema)])
    frame.write_parquet(folder / "log.parquet")
    told = events(12)
    pl.concat([told, pl.DataFrame(happened, schema=told.schema)]).write_parquet(
        folder / "events.parquet"
    )
    folders = Folders(log=folder, run=folder / "run")
    with Progress("test") as progress:
        run(job(**changes), folders, progress)
    return frame, folders.lists, Manifest.load(folders.lists, verify=True)


def documents(lists: Path) -> list[tuple[str, str]]:
    """Every (query, document) of the lists: since none is twice, each is one row of the log."""
    shards = [pl.read_ipc(path) for path in sorted(lists.glob("*/*.arrow"))]
    assert not any(shard.null_count().sum_horizontal().item() for shard in shards)
    rows = pl.concat([shard.select("query_id", "document_id") for shard in shards])
    assert rows["query_id"].is_unique().all()
    return rows.explode("document_id").rows()


def rejects(lists: Path) -> pl.DataFrame:
    files = sorted((lists / "rejects").glob("rows*.parquet"))
    return pl.concat([pl.read_parquet(path) for path in files], how="diagonal_relaxed")


def check_accounts(frame: pl.DataFrame, lists: Path, manifest: Manifest, changes) -> None:
    rows, rejected, listed = manifest.rows, rejects(lists), documents(lists)
    assert rows.read == frame.height
    assert rows.kept == len(listed) == sum(part.documents for part in manifest.splits.values())
    assert rows.read == rows.kept + sum(rows.filtered.values()) + sum(rows.rejected.values())
    assert {one["name"] for one in changes["filters"]} <= set(rows.filtered)
    assert Counter(rejected["reason"].to_list()) == rows.rejected
    assert not set(rows.filtered) & set(rows.rejected)

    # A rejected row is known by its number; a kept one must be another row of the log.
    numbered = frame.with_row_index("row")
    assert rejected["row"].n_unique() == rejected.height
    others = numbered.filter(~pl.col("row").is_in(rejected["row"].implode()))
    names = Counter(others.select("request", "item").rows())
    assert not Counter(listed) - names
    assert sum(names.values()) == len(listed) + sum(rows.filtered.values())


quick = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@quick
@given(st.lists(ROW, min_size=8, max_size=40), st.lists(EVENT, max_size=8), SETTINGS)
def test_every_row_of_any_log_ends_in_exactly_one_place(rows, happened, changes):
    with TemporaryDirectory() as name, suppress(JobError):
        frame, lists, manifest = prepared(rows, happened, changes, Path(name))
        check_accounts(frame, lists, manifest, changes)


def test_the_property_is_not_met_by_refusing_everything(tmp_path):
    """With dirt of every kind and a setting of every kind, there are rows in every place."""
    row = CLEAN.row(1, named=True)
    dirt = [
        {**row, "request": None},
        {**row, "rank": 0, "item": "new"},
        row,
        {**row, "item": "late", "computed": 2**41},
        *({**CLEAN.row(4, named=True), "item": f"more {number}"} for number in range(4)),
        {**row, "request": "alone"},
    ]
    changes = {
        "filters": FILTERS,
        "lists": {"max_documents": 4, "longer": "sample"},
        "leakage": {"known_at": ["computed"], "tolerance": 0.5},
    }
    frame, lists, manifest = prepared(dirt, [], changes, tmp_path)
    check_accounts(frame, lists, manifest, changes)
    assert manifest.rows.filtered == {
        "free": 12,
        "beyond lists.max_documents": 2,
        "clicked": 0,
        "crawler": 0,
        "nothing": 0,
        "ünïcode: x": 0,
    }
    assert len(manifest.rows.rejected) == 5
    assert json.loads((lists / "manifest.json").read_text())["rows"]["filtered"]["free"] == 12


def test_the_summary_names_every_filter_also_one_that_holds_for_no_row(tmp_path):
    log().write_parquet(tmp_path / "log.parquet")
    events().write_parquet(tmp_path / "events.parquet")
    settings = job(filters=[{"name": "free", "when": "price = 0"}, FILTERS[3]])
    with Progress("test") as progress:
        said = run(settings, Folders(log=tmp_path, run=tmp_path / "run"), progress)
    assert "20 of 30 rows used\n  10 left out: free\n  0 left out: nothing" in said


@pytest.mark.parametrize("seed", [0, 1])
def test_whoever_refuses_a_log_leaves_no_lists(tmp_path, seed):
    """A leak is found before anything is written."""
    changes = {"filters": [], "split": {"by": "hash", "seed": seed}, "leakage": {"key": "user"}}
    with pytest.raises(JobError, match=r"no value of 'user' may be in two parts"):
        prepared([], [], changes, tmp_path)
    assert not (tmp_path / "run" / "lists").exists()
