import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ltr.data.manifest import ListsError
from ltr.data.reader import Lists
from ltr.losses import graded_hinge
from ltr.metrics import ndcg
from ltr.recipe import Recipe, RecipeError
from ltr.training import (
    EpochRecord,
    ModelCard,
    NonFiniteError,
    Start,
    StepRecord,
    load_history,
    load_ranker,
    score,
    train,
)
from tests.lists_on_disk import PRICE, Row, write_lists
from tests.training.planted import planted, recipe

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("planted"))


@pytest.fixture
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The order in which threads finish must not show."""
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("loss", "arguments"),
    [
        ("graded_hinge", {"margin": 0.5}),
        ("rank_hinge", {"num_neg": 2}),
        ("rank_cross_entropy", {"num_neg": 3}),
    ],
)
def test_a_planted_relevance_is_learned(
    lists: Path, tmp_path: Path, loss: str, arguments: Row
) -> None:
    train(lists, tmp_path / "model", recipe(loss, arguments, epochs=25, patience=5))
    validation = Lists(lists, "validation")
    scores = score(load_ranker(tmp_path / "model"), validation)
    value = ndcg(scores, validation.grades(), lengths=validation.lengths, k=10)
    assert float(value) > 0.95
    card = ModelCard.load(tmp_path / "model")
    assert float(value) == pytest.approx(card.validation_ndcg, abs=1e-6)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("loss", ["graded_hinge", "rank_hinge"])
def test_the_same_recipe_gives_the_same_model_to_the_bit(
    lists: Path, tmp_path: Path, loss: str
) -> None:
    for name in ("one", "two"):
        torch.rand(3)
        train(lists, tmp_path / name, recipe(loss, epochs=2))
    for file in ("model.safetensors", "model.json", "history.json"):
        one, two = (tmp_path / name / file for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    train(lists, tmp_path / "other", recipe(loss, epochs=1, seed=6))
    weights = [tmp_path / name / "model.safetensors" for name in ("one", "other")]
    assert weights[0].read_bytes() != weights[1].read_bytes()


def test_training_stops_after_patience_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    noisy = planted(tmp_path / "lists", num_lists=60, noise=0.5)
    fast = recipe(epochs=40, patience=2, learning_rate=0.05)
    history = train(noisy, tmp_path / "model", fast)
    values = [record.validation_ndcg for record in history]
    best = values.index(max(values)) + 1
    assert len(history) == best + 2 < 40
    assert [record.epoch for record in history if record.is_best][-1] == best
    assert ModelCard.load(tmp_path / "model").best_epoch == best
    validation = Lists(noisy, "validation")
    scores = score(load_ranker(tmp_path / "model"), validation)
    kept = ndcg(scores, validation.grades(), lengths=validation.lengths, k=10)
    assert float(kept) == pytest.approx(max(values), abs=1e-6)


def still(epochs: int) -> Recipe:
    """Steps too small to matter."""
    made = recipe(epochs=epochs, learning_rate=1e-12)
    training = made.training.model_copy(update={"table_learning_rate": 1e-12})
    return made.model_copy(update={"training": training})


def test_of_equally_good_epochs_the_first_is_the_best(lists: Path, tmp_path: Path) -> None:
    history = train(lists, tmp_path / "model", still(epochs=9))
    assert len({record.validation_ndcg for record in history}) == 1
    assert [record.is_best for record in history] == [True, False, False]
    assert ModelCard.load(tmp_path / "model").best_epoch == 1


def test_the_first_loss_is_the_mean_over_the_lists(lists: Path, tmp_path: Path) -> None:
    """With steps too small to matter, the epoch's loss is that of the initial weights."""
    [record] = train(lists, tmp_path / "model", still(epochs=1))
    split = Lists(lists, "train")
    ranker = load_ranker(tmp_path / "model")
    scores = score(ranker, split)
    expected = graded_hinge(scores, split.grades().float(), lengths=split.lengths)
    assert record.train_loss == pytest.approx(expected.item(), rel=1e-5)


class Watcher:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def start(self, start: Start) -> None:
        self.told.append(start)

    def batch(self, record: StepRecord) -> None:
        self.told.append((record.epoch, record.batch))

    def epoch(self, record: EpochRecord) -> None:
        self.told.append(record)


def test_progress_is_told_of_lists_batches_and_epochs(lists: Path, tmp_path: Path) -> None:
    watcher = Watcher()
    history = train(lists, tmp_path / "model", recipe(epochs=1, lists_per_batch=90), watcher)
    assert watcher.told == [Start(179, 1, 2), (1, 1), (1, 2), history[0]]
    assert load_history(tmp_path / "model") == history


def test_a_loss_that_is_not_finite_stops_and_keeps_the_old_model(
    lists: Path, tmp_path: Path
) -> None:
    train(lists, tmp_path / "model", recipe(epochs=1))
    old = (tmp_path / "model" / "model.safetensors").read_bytes()
    row = {"grade": [0, 1], "document/price": [1.0, float("nan")]}
    broken = write_lists(
        tmp_path / "broken", {"train": [[row]], "validation": [[row]]}, features=[PRICE]
    )
    with pytest.raises(NonFiniteError, match="a loss is not finite in epoch 1, batch 1;"):
        train(broken, tmp_path / "model", recipe())
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == old
    assert len(list(tmp_path.iterdir())) == 3


def test_a_wrong_loss_is_refused_before_the_lists_are_read(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"^loss\.arguments\.num_neg: must be at least 1; got 0$"):
        train(tmp_path / "none", tmp_path / "model", recipe("rank_hinge", {"num_neg": 0}))


def test_lists_without_a_validation_split_to_choose_by_are_refused(tmp_path: Path) -> None:
    rows = [{"grade": [0, 1], "document/price": [0.0, 1.0]}]
    flat = [{"grade": [0, 0], "document/price": [0.0, 1.0]}]
    folder = write_lists(
        tmp_path / "lists", {"train": [rows], "validation": [flat]}, features=[PRICE]
    )
    with pytest.raises(ValueError, match="none of the 1 lists of the validation split has a grade"):
        train(folder, tmp_path / "model", recipe())


def test_a_folder_that_cannot_be_written_is_found_out_before_training(lists: Path) -> None:
    watcher = Watcher()
    with pytest.raises(OSError, match="cannot write the folder /proc/none/model"):
        train(lists, "/proc/none/model", recipe(), watcher)
    assert watcher.told == []


FULL = """
import resource, signal, sys
from ltr.training import train
from tests.training.planted import recipe

lists, model = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    train(lists, model, recipe(epochs=1))
except OSError as error:
    print(error.errno, error)
"""


def test_a_disk_that_cannot_hold_the_weights_is_told_by_the_folder(
    lists: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FULL, str(lists), str(tmp_path / "model")]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    said = f"cannot write the folder {tmp_path / 'model'}: File too large"
    assert done.stdout.strip() == f"{errno.EFBIG} {said}"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_lists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListsError, match="is no folder of lists"):
        train(tmp_path, tmp_path / "model", recipe())
