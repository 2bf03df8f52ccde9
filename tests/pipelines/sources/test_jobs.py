"""Whole jobs on logs of other kinds, and logs that go wrong once they are open."""

from pathlib import Path

import polars as pl
import pytest

from pipelines.cli import main
from pipelines.errors import LogError
from pipelines.progress import Progress
from pipelines.sources import scan
from tests.pipelines.job_tables import job, log
from tests.pipelines.prepared import prepare

DATA = Path(__file__).parents[3] / "../shared/data"
LETOR_JOB = """
output = "run"
[log]
path = "{path}"
format = "letor"
query = "query"
document = "document"
position = "position"
grade = "grade"
[features.document]
numbers = ["f1", "f2"]
"""


def prepared(tmp_path, text, *arguments):
    (tmp_path / "job.toml").write_text(text)
    return main(["prepare", str(tmp_path / "job.toml"), *arguments])


def test_a_letor_file_becomes_lists_in_the_order_of_the_file(tmp_path, capsys):
    lines = [f"{at % 2} qid:{query} 1:{at} 2:1\n" for query in range(10) for at in range(3)]
    (tmp_path / "log.txt").write_text("".join(lines))
    assert prepared(tmp_path, LETOR_JOB.format(path="log.txt")) == 0
    assert "30 of 30 rows used" in capsys.readouterr().out
    test = pl.read_ipc(tmp_path / "run" / "lists" / "test" / "00000.arrow")
    assert test["query_id"].to_list() == ["8", "9"]
    assert test["position"].to_list() == [[1, 2, 3]] * 2


@pytest.mark.skipif(not DATA.exists(), reason="the collected data sets are elsewhere")
def test_five_folds_of_judged_web_pages_become_lists(tmp_path, capsys):
    text = LETOR_JOB.format(path="*.gz") + "[lists]\nmax_documents = 1000\n"
    folds = str((DATA / "clueweb09_webis").resolve())
    assert prepared(tmp_path, text, "--log", folds) == 0
    out = capsys.readouterr().out
    assert "26,646 of 26,646 rows used" in out
    assert "test 13 lists of 6,063 documents" in out


def test_a_job_that_tells_of_drift_says_it(tmp_path, capsys):
    (tmp_path / "log").mkdir()
    for day, dtype in enumerate((pl.Float64, pl.Float32)):
        named = log(6).with_columns(pl.format(f"{day}-{{}}", "request").alias("request"))
        named.cast({"price": dtype}).write_parquet(tmp_path / "log" / f"{day}.parquet")
    text = LETOR_JOB.format(path="log").replace('format = "letor"\n', "")
    names = {"query": "request", "document": "item", "position": "rank"}
    for ours, theirs in names.items():
        text = text.replace(f'= "{ours}"', f'= "{theirs}"')
    text = text.replace('"f1", "f2"', '"price"').replace('grade = "grade"', 'grade = "rank"')
    assert prepared(tmp_path, text) == 0
    assert "log: price is Float32 from 1.parquet on, was Float64" in capsys.readouterr().out
    assert prepared(tmp_path, text.replace("[log]", '[log]\ndrift = "freeze"')) == 2
    assert "1.parquet: column 'price' must stay as in the files before" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["log.parquet", "log.csv", "log.arrow"])
def test_a_file_that_vanishes_once_it_is_open_is_named(tmp_path, name):
    frame = log(10).drop("tags")
    writers = {"log.parquet": "write_parquet", "log.csv": "write_csv", "log.arrow": "write_ipc"}
    getattr(frame, writers[name])(tmp_path / name)
    files = scan(tmp_path / name)
    (tmp_path / name).unlink()
    numbers = job(events=None, features__document={"numbers": ["price"]},
                  grades=[{"grade": 1, "when": "rank = 1"}])  # fmt: skip
    with Progress("prepare") as progress, pytest.raises(LogError, match=rf"read: .*{name}"):
        prepare(files, None, numbers, progress)
