"""TensorBoard and MLflow: what they are told, also of a training that goes on from a snapshot."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer import event_file_writer

from ltr.recipe import Recipe
from ltr.training import EpochRecord, InterruptedTrainingError, Start, StepRecord
from ltr.training.curves import Thinned
from ltr.training.mlflow_run import MLflowError, MLflowRun
from ltr.training.tensorboard import TensorBoard


def start(step: int = 0) -> Start:
    return Start(num_lists=9, num_left_out=0, num_batches=4, epoch=1, batch=step, step=step)


def step(number: int, loss: float = 0.5) -> StepRecord:
    return StepRecord(
        epoch=1,
        batch=number,
        step=number,
        loss=loss,
        documents=100,
        seconds=0.5,
        waited=0.1,
        learning_rate=0.01,
        table_learning_rate=0.1,
    )


EPOCH = EpochRecord(epoch=1, train_loss=0.4, validation_ndcg=0.7, is_best=True)


def test_steps_between_two_points_are_averaged(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("ltr.training.curves.time.monotonic", lambda: now)
    thinned = Thinned(every=1.0)
    assert thinned.add(step(1)) is not None
    assert thinned.add(step(2, loss=0.2)) is None
    now = 1.5
    point = thinned.add(step(3, loss=0.4))
    assert point is not None
    assert point.step == 3
    assert point.values["training/loss"] == pytest.approx(0.3)
    assert point.values["speed/documents per second"] == pytest.approx(200)
    assert point.values["speed/share of time waiting for data"] == pytest.approx(0.2)


def told(folder: Path, begin: int, numbers: range, loss: float) -> None:
    with TensorBoard(folder, Recipe(), every=0) as board:
        board.start(start(begin))
        for number in numbers:
            board.batch(step(number, loss))


def losses(folder: Path) -> list[tuple[int, float]]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return [(point.step, round(point.value, 3)) for point in events.Scalars("training/loss")]


@pytest.fixture
def counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of one second are read by their number as text: 10, of a long session, before 9."""
    monkeypatch.setattr(event_file_writer, "_global_uid", event_file_writer.AtomicCounter(0))


@pytest.mark.usefixtures("counted_anew")
def test_steps_that_are_made_again_are_drawn_once(tmp_path: Path) -> None:
    told(tmp_path, 0, range(1, 8), loss=0.5)
    told(tmp_path, 4, range(5, 7), loss=0.25)
    assert losses(tmp_path) == [(n, 0.5) for n in range(1, 5)] + [(5, 0.25), (6, 0.25)]


def test_a_training_that_begins_anew_begins_new_curves(tmp_path: Path) -> None:
    told(tmp_path, 0, range(1, 8), loss=0.5)
    told(tmp_path, 0, range(1, 3), loss=0.25)
    assert losses(tmp_path) == [(1, 0.25), (2, 0.25)]


def test_a_board_that_no_training_began_writes_nothing(tmp_path: Path) -> None:
    with TensorBoard(tmp_path / "board", Recipe()):
        pass
    assert not (tmp_path / "board").exists()


class Server:
    """What an MLflow server holds, behind the client's own methods."""

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self.metrics: list[tuple[str, str, float, int]] = []
        self.status: list[str] = []
        self.experiments: list[str] = []
        self.is_gone = False

    def __call__(self, tracking_uri: str) -> Self:
        if tracking_uri == "http://nobody":
            msg = "no server there\nand a long story"
            raise RefusedError(msg)
        return self

    def get_experiment_by_name(self, name: str) -> Any:
        return SimpleNamespace(experiment_id=name) if name in self.experiments else None

    def create_experiment(self, name: str) -> str:
        self.experiments.append(name)
        return name

    def create_run(self, experiment: str, run_name: str) -> Any:
        self.status.append("RUNNING")
        number = f"{experiment}-{run_name}-{len(self.status)}"
        return SimpleNamespace(info=SimpleNamespace(run_id=number))

    def update_run(self, _: str, status: str) -> None:
        self.status.append(status)

    def log_batch(self, run: str, metrics: Sequence[Any] = (), params: Sequence[Any] = ()) -> None:
        if self.is_gone:
            msg = "connection refused"
            raise RefusedError(msg)
        self.params |= dict(params)
        self.metrics += [(run, *metric) for metric in metrics]

    def set_terminated(self, _: str, status: str) -> None:
        self.status.append(status)


class RefusedError(Exception):
    pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    held = Server()
    fake: Any = ModuleType("mlflow")
    fake.MlflowClient = held
    fake.exceptions = SimpleNamespace(MlflowException=RefusedError)
    fake.entities = SimpleNamespace(
        Metric=lambda name, value, _, step: (name, value, step),
        Param=lambda name, value: (name, value),
    )
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    return held


def tracked(folder: Path, uri: str = "http://server", *, must_answer: bool = True) -> MLflowRun:
    return MLflowRun(
        uri,
        experiment="ltr",
        name="night",
        recipe=Recipe(),
        keep=folder / "mlflow-run",
        every=0,
        must_answer=must_answer,
    )


def test_mlflow_is_told_the_recipe_the_steps_and_the_epochs(server: Server, tmp_path: Path) -> None:
    with tracked(tmp_path) as run:
        run.start(start())
        run.batch(step(1))
        run.epoch(EPOCH)
    assert server.params["training.lists_per_batch"] == "64"
    assert server.params["towers.query"] == "[64, 32]"
    logged = {name: (value, number) for _, name, value, number in server.metrics}
    assert logged["training/loss"] == (0.5, 1)
    assert logged["epoch/validation NDCG at 10"] == (0.7, 1)
    assert server.status == ["RUNNING", "FINISHED"]
    assert not (tmp_path / "mlflow-run").exists()


def broken_off(folder: Path, begin: int, error: Exception) -> None:
    with tracked(folder) as run:
        run.start(start(begin))
        run.batch(step(begin + 1))
        raise error


def test_a_training_that_goes_on_goes_on_with_its_run(server: Server, tmp_path: Path) -> None:
    with pytest.raises(InterruptedTrainingError, match="SIGTERM"):
        broken_off(tmp_path, 0, InterruptedTrainingError("SIGTERM"))
    with pytest.raises(ValueError, match="a bug"):
        broken_off(tmp_path, 4, ValueError("a bug"))
    assert server.status == ["RUNNING", "KILLED", "RUNNING", "FAILED"]
    assert {number for number, *_ in server.metrics} == {"ltr-night-1"}
    assert server.experiments == ["ltr"]


def test_a_server_that_goes_away_does_not_stop_the_training(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with tracked(tmp_path) as run:
        run.start(start())
        server.is_gone = True
        run.batch(step(1))
    assert caplog.messages == ["tracking.mlflow: http://server: connection refused"]


@pytest.mark.usefixtures("server")
def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    run = tracked(tmp_path, uri="http://nobody")
    with pytest.raises(MLflowError, match=r"tracking\.mlflow: http://nobody: no server there$"):
        run.start(start())


@pytest.mark.parametrize("uri", ["http://nobody", "http://server"])
def test_a_server_that_need_not_answer_is_a_warning_and_told_nothing(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture, uri: str
) -> None:
    server.is_gone = True
    with tracked(tmp_path, uri, must_answer=False) as run:
        run.start(start())
        run.batch(step(1))
        run.epoch(EPOCH)
    (told,) = caplog.messages
    assert told.startswith(f"tracking.mlflow: {uri}: ")
    assert told.endswith("; this training is not tracked")
    assert server.metrics == []


def test_mlflow_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MLflowError, match=r"needs the package mlflow; pip install 'ltr\[mlflow\]'"):
        tracked(tmp_path)
