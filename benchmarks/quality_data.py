"""The lists of the quality benchmark, made by the project's own ``prepare``, read by both sides.

A set in LETOR text becomes a table with a fold for each query; each pair of folds gives lists of
which one is the test part, one the validation part, and the rest are trained on.
"""

import gzip
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.datasets import load_svmlight_file

from ltr.atomic import replace_folder
from ltr.data.manifest import FILE
from pipelines.config import load_job, parse_job
from pipelines.jobs.folders import Folders
from pipelines.jobs.prepare import run as prepare
from pipelines.progress import Progress

ROOT = Path(__file__).parents[1]
DATA = ROOT / ".." / "shared" / "data"
SAMPLE = ROOT / "sample_data"
FOLDS = 5
BUSY = 1000
"""Sessions a day of the busier shop: ten times those of the sample data."""
SETTINGS = {
    "price": {"log1p": True},
    "age_days": {"log1p": True},
    "quality": {"missing": True},
    "match": {"missing": True},
}
"""Of the shop's numbers."""


@dataclass(frozen=True)
class Cut:
    """A folder of lists, and which folds of its set the test and the validation lists are."""

    test: int
    validation: int
    folder: Path


def clueweb(work: Path) -> list[Cut]:
    """Every fold is tested four times: with each of the others for validation."""
    tables = []
    for fold in range(FOLDS):
        with gzip.open(DATA / "clueweb09_webis" / f"Fold{fold + 1}.test.txt.gz", "rb") as file:
            features, grades, queries = load_svmlight_file(file, query_id=True)
        tables.append(_table(features.toarray(), grades, queries, fold))
    pairs = [(test, (test + step) % FOLDS) for step in range(1, FOLDS) for test in range(FOLDS)]
    return list(_cuts(tables, pairs, _WITHIN_LIST, work / "clueweb"))


def example(work: Path) -> list[Cut]:
    """LightGBM's own test lists, five times: with each fifth of the others for validation."""
    folder, tables = DATA / "lightgbm_lambdarank", []
    for part in ("train", "test"):
        sizes = np.loadtxt(folder / f"rank.{part}.query", dtype=np.int64)
        features, grades = load_svmlight_file(str(folder / f"rank.{part}"), n_features=300)
        queries = np.repeat(np.arange(len(sizes)) + 1000 * (part == "test"), sizes)
        folds = np.where(queries < 1000, queries % FOLDS, FOLDS)
        # What a sparse file leaves out is not there, which need not mean that it is 0.
        there = np.where(features.toarray() == 0, np.nan, features.toarray())
        tables.append(_table(there, grades, queries, folds))
    pairs = [(FOLDS, fold) for fold in range(FOLDS)]
    return list(_cuts(tables, pairs, {"missing": True}, work / "example"))


def shop(work: Path) -> list[Cut]:
    """The test lists of `shop_by_time`, with each fifth of the earlier sessions for validation."""
    return list(_shop_in_fifths(shop_by_time(work)[0], work))


def shop_by_time(work: Path) -> list[Cut]:
    """The sample data, by its own job but for the settings of its numbers."""
    return [Cut(0, 0, _prepared(_shop_job(), Folders(log=SAMPLE, run=work / "shop")))]


def busy_shop(work: Path) -> list[Cut]:
    """The same shop with ten times the visits."""
    log = work / "busy_log"
    if not log.exists():
        with replace_folder(log) as folder:
            make = [sys.executable, str(SAMPLE / "make.py"), "--out", str(folder)]
            subprocess.run([*make, "--sessions-per-day", str(BUSY)], check=True)  # noqa: S603
    return [Cut(0, 0, _prepared(_shop_job(), Folders(log=log, run=work / "busy_shop")))]


def truth(cut: Cut) -> pl.DataFrame:
    """The test documents of a shop in the order of the files, and what the user thought of them."""
    run = cut.folder.parent
    log = run.parent / "busy_log" if run.name == "busy_shop" else SAMPLE
    told = pl.read_parquet(log / "truth.parquet").rename({"request_id": "query_id"})
    rows = documents(cut.folder, "test").select("query_id", "document_id", "grade")
    return rows.join(
        told.drop("grade"), on=["query_id", "document_id"], how="left", maintain_order="left"
    )


def documents(lists: Path, part: str) -> pl.DataFrame:
    """A row per document of a part, in the order of the files."""
    rows = pl.concat([pl.read_ipc(file) for file in sorted((lists / part).glob("*.arrow"))])
    return rows.explode("document_id", "position", "grade", pl.selectors.starts_with("document/"))


def _shop_job() -> dict[str, Any]:
    job = load_job(SAMPLE / "job.toml").model_dump(mode="json")
    job["features"]["document"]["columns"] = SETTINGS
    return job


def _shop_in_fifths(by_time: Cut, work: Path) -> Iterator[Cut]:
    job = _shop_job()
    rows = pl.read_parquet(SAMPLE / job["log"]["path"])
    tested = documents(by_time.folder, "test")["query_id"].unique().to_list()
    held_out = pl.when(pl.col("request_id").is_in(tested)).then(pl.lit("test"))
    fifth = pl.col("session_id").rank("dense") % FOLDS
    job["log"] |= {"path": "log.parquet"}
    job["events"] |= {"path": str(SAMPLE / job["events"]["path"])}
    job["split"] = _JOB["split"]
    for fold in range(FOLDS):
        folder = work / f"shop-{fold}"
        folder.mkdir(parents=True, exist_ok=True)
        part = held_out.when(fifth == fold).then(pl.lit("validation")).otherwise(pl.lit("train"))
        rows.with_columns(part=part).write_parquet(folder / "log.parquet")
        yield Cut(0, fold, _prepared(job, Folders(log=folder, run=folder)))


def _table(
    features: npt.NDArray[np.float64],
    grades: npt.NDArray[np.float64],
    queries: npt.NDArray[np.int64],
    folds: npt.NDArray[np.int64] | int,
) -> pl.DataFrame:
    """One row per document, in the order of the file."""
    columns = {f"f{number}": column for number, column in enumerate(features.T, start=1)}
    rows = pl.DataFrame(columns).with_columns(
        query=pl.Series(queries).cast(pl.Int64),
        grade=pl.Series(grades).cast(pl.Int64),
        fold=pl.Series(np.broadcast_to(folds, grades.shape)),
        time=pl.lit(0),
    )
    number = pl.int_range(pl.len()).over("query")
    return rows.with_columns(position=number + 1, document=pl.format("{}-{}", "query", number))


def _cuts(
    tables: Iterable[pl.DataFrame],
    pairs: Iterable[tuple[int, int]],
    settings: dict[str, Any],
    work: Path,
) -> Iterator[Cut]:
    rows, job = pl.concat(tables), _JOB | {"features": _features(settings)}
    for test, validation in pairs:
        folder = work / f"{test}-{validation}"
        folder.mkdir(parents=True, exist_ok=True)
        held_out = pl.when(fold=test).then(pl.lit("test"))
        part = held_out.when(fold=validation).then(pl.lit("validation")).otherwise(pl.lit("train"))
        rows.with_columns(part=part).write_parquet(folder / "log.parquet")
        yield Cut(test, validation, _prepared(job, Folders(log=folder, run=folder)))


def _prepared(job: dict[str, Any], folders: Folders) -> Path:
    if not (folders.lists / FILE).exists():
        with Progress("prepare") as progress:
            prepare(parse_job(job), folders, progress)
    return folders.lists


def _features(settings: dict[str, Any]) -> dict[str, Any]:
    return {"document": {"numbers": ["f*"], "columns": {"f*": settings}}}


_WITHIN_LIST = {"scale": "list_standard", "deviations": 5.0}
_JOB: dict[str, Any] = {
    "output": "run",
    "log": {"path": "log.parquet", "grade": "grade"}
    | {name: name for name in ("query", "document", "time", "position")},
    "lists": {"min_documents": 1, "max_documents": 1000},
    "split": {"by": "column", "column": "part"},
}
