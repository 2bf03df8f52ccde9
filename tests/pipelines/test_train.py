"""`ltr train` around the loop: killed and gone on with, watched, profiled, stopped at a NaN."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ltr.data.reader import Lists
from pipelines.cli import main
from pipelines.jobs import train as job
from tests.lists_on_disk import ITEM, PRICE, Row, write_lists
from tests.training.planted import planted

ROOT = Path(__file__).parents[2]
FILES = ("model.safetensors", "model.json", "history.json")
JOB = """
output = "run"
log = { path = "log.parquet", query = "q", document = "d", time = "t", position = "p", grade = "g" }
features.document.ids = ["item"]
towers = { embedding_dim = 8, query = [16, 8], document = [16, 8], scorer = [8] }
training = { epochs = 2, lists_per_batch = 8, learning_rate = 0.01, warmup = 10, seed = 5 }
checkpoints = { every = 4, keep = 2 }
"""


@pytest.fixture
def folder(tmp_path):
    """A job file and its lists: 12 batches an epoch."""
    planted(tmp_path / "run" / "lists", num_lists=120)
    (tmp_path / "job.toml").write_text(JOB)
    return tmp_path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run of a training that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    planted(folder / "run" / "lists", num_lists=120)
    (folder / "job.toml").write_text(JOB)
    assert train(folder) == 0
    return folder / "run"


def train(folder, *options):
    return main(["train", str(folder / "job.toml"), *options])


def same_model(one, other):
    return all(
        (one / "model" / f).read_bytes() == (other / "model" / f).read_bytes() for f in FILES
    )


def at_step(number, act):
    """Do something when a step is shown."""

    def batch(self, record):
        shown(self, record)
        if record.step == number:
            act()

    shown = job._Shown.batch
    return batch


def test_a_training_that_is_told_to_stop_ends_with_143_and_goes_on_when_it_is_run_again(
    folder, whole, monkeypatch, capsys
):
    with monkeypatch.context() as patch:
        stop = at_step(14, lambda: os.kill(os.getpid(), signal.SIGTERM))
        patch.setattr(job._Shown, "batch", stop)
        assert train(folder) == 143
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "asked to stop and did so after epoch 2, batch" in printed.err
    assert train(folder) == 0
    assert "going on after epoch 2, batch " in capsys.readouterr().err
    assert same_model(folder / "run", whole)
    assert not (folder / "run" / "snapshots").exists()


KILLED = """
import os, sys
from pipelines.cli import main
from pipelines.jobs import train as job
from tests.pipelines.test_train import at_step
job._Shown.batch = at_step(11, lambda: os.kill(os.getpid(), 9))
main(["train", sys.argv[1]])
"""


def test_a_training_that_is_killed_goes_on_when_it_is_run_again(folder, whole, capsys):
    command = [sys.executable, "-c", KILLED, str(folder / "job.toml")]
    done = subprocess.run(command, check=False, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == -signal.SIGKILL
    assert len(list((folder / "run" / "snapshots").iterdir())) == 2
    assert train(folder) == 0
    assert "going on after epoch 1, batch 8" in capsys.readouterr().err
    assert same_model(folder / "run", whole)


def curves(run):
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    return events


def test_curves_are_drawn_and_the_recipe_stands_beside_them(whole):
    events = curves(whole)
    assert set(events.Tags()["scalars"]) == {
        "training/loss",
        "learning rate/dense",
        "learning rate/tables",
        "speed/documents per second",
        "speed/share of time waiting for data",
        "epoch/training loss",
        "epoch/validation NDCG@10",
    }
    history = json.loads((whole / "model" / "history.json").read_text())
    drawn = events.Scalars("epoch/validation NDCG@10")
    assert [point.value for point in drawn] == pytest.approx(
        [epoch["validation_ndcg"] for epoch in history]
    )
    assert [point.step for point in drawn] == [12, 24]
    # The first step of a warm-up of ten.
    assert events.Scalars("learning rate/dense")[0].value == pytest.approx(0.001)
    assert "lists_per_batch" in str(events.Tensors("recipe/text_summary")[0])


def test_curves_can_be_left_out(folder):
    (folder / "job.toml").write_text(JOB + "tracking.tensorboard = false\n")
    assert train(folder) == 0
    assert not (folder / "run" / "tensorboard").exists()


def test_a_profile_of_some_steps_is_written(folder):
    assert train(folder, "--profile") == 0
    trace = json.loads((folder / "run" / "profile" / "trace.json").read_text())
    steps = [e["name"] for e in trace["traceEvents"] if e["name"].startswith("ProfilerStep#")]
    assert len(set(steps)) == 10
    assert "adagrad" in (folder / "run" / "profile" / "table.txt").read_text()


def test_a_batch_that_gives_no_finite_loss_is_put_aside(tmp_path, capsys):
    rows: list[Row] = [
        {"query_id": f"q{n}", "grade": [0, 1], "document/item": [1, 2], "document/price": [0.5, 1]}
        for n in range(16)
    ]
    rows[5]["document/price"] = [0.5, float("nan")]
    splits = {"train": [rows], "validation": [rows[:4]]}
    lists = write_lists(tmp_path / "run" / "lists", splits, features=[ITEM, PRICE])
    (tmp_path / "job.toml").write_text(JOB)
    assert train(tmp_path) == 2
    aside = tmp_path / "run" / "nonfinite"
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("ltr: error: a loss is not finite in epoch 1, batch ")
    assert said.endswith(f"; the batch is in {aside}")
    record = json.loads((aside / "batch.json").read_text())
    assert record["what"] == "loss"
    assert record["not_finite"] == {
        "features": {"document/price": ["q5"]},
        "weights": [],
        "gradients": [],
    }
    assert [one["query_id"] for one in record["lists"] if one["number"] == 5] == ["q5"]
    kept = load_file(aside / "batch.safetensors")
    again = Lists(lists, "train").gather(kept["numbers"])
    assert kept["document_dense"].equal(again.document_dense) is False  # NaN is not NaN
    assert again.document_sparse is not None
    assert kept["document/item.ids"].equal(again.document_sparse["document/item"].values())
