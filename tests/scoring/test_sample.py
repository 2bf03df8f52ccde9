"""The sample job's model: what the page shows, and the scores of the training forward."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ltr.data.reader import Lists
from ltr.recipe import TrainingConfig
from ltr.training import load_ranker, score
from pipelines.config import load_job
from pipelines.jobs.folders import Folders
from pipelines.jobs.prepare import run as prepare
from pipelines.jobs.train import run as train
from pipelines.progress import Progress
from pipelines.scoring import Ranker, score_log
from tests.docs.blocks import run_python
from tests.scoring.golden import TOLERANCE

ROOT = Path(__file__).parents[2]
KEYS = ["request_id", "document_id", "position"]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder with the sample data and a run of its job, of one epoch."""
    folder = tmp_path_factory.mktemp("sample")
    (folder / "sample_data").symlink_to(ROOT / "sample_data")
    job = load_job(ROOT / "sample_data" / "job.toml")
    folders = Folders(log=ROOT / "sample_data", run=folder / "runs" / "sample")
    prepare(job, folders, Progress("prepare"))
    quick = job.training.model_copy(update={"epochs": 1})
    assert isinstance(quick, TrainingConfig)
    train(job.model_copy(update={"training": quick}), folders, Progress("train"))
    return folder


def test_the_pages_code_runs(here, monkeypatch, capsys):
    monkeypatch.chdir(here)
    assert run_python(ROOT / "docs" / "scoring.md") == 1
    assert int(capsys.readouterr().out) > 6000


def test_scores_of_the_test_lists_are_those_of_the_training_forward(here):
    run = here / "runs" / "sample"
    golden = score(load_ranker(run / "model"), Lists(run / "lists", "test")).numpy()
    shards = [pl.read_ipc(path) for path in sorted((run / "lists" / "test").glob("*.arrow"))]
    lists = pl.concat(shards).rename({"query_id": "request_id"}).select(KEYS)
    told = lists.explode("document_id", "position").with_columns(golden=golden)
    log = pl.read_parquet(ROOT / "sample_data" / "impressions" / "*.parquet")
    # Rows that the lists leave out would stand beside the others here.
    rows = log.unique(KEYS, keep="first").join(told, on=KEYS)
    assert rows.height == told.height > 10_000
    by_ranker = Ranker.load(run).score(rows)
    np.testing.assert_allclose(by_ranker, rows["golden"], atol=TOLERANCE, rtol=0)
    rows.drop("golden").write_parquet(here / "rows.parquet")
    score_log(run, here / "rows.parquet", here / "scored", Progress("score"), keep=["position"])
    both = pl.read_parquet(here / "scored" / "part-*.parquet").join(told, on=KEYS)
    assert both.height == told.height
    np.testing.assert_allclose(both["score"], both["golden"], atol=TOLERANCE, rtol=0)
