"""Training through torchrec's pipeline gives, bit for bit, what it gives without.

On a CPU, where the pipeline has no streams: the order of its steps is what is tested here.
"""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from torch import nn
from torchrec.distributed.train_pipeline.runtime_forwards import PipelinedForward

from ltr.data.manifest import Feature
from ltr.recipe import Recipe, TowersConfig
from ltr.towers import Ranker
from ltr.towers.pipelined import SWITCH, is_wanted
from ltr.training import NonFiniteError, SnapshotPolicy, train
from tests.lists_on_disk import ITEM, PRICE, write_lists
from tests.towers.test_id_weights import CASES as WEIGHTED
from tests.towers.test_id_weights import lists_of as weighted_lists
from tests.towers.test_shared_tables import CASES as SHARED
from tests.towers.test_shared_tables import lists_of as shared_lists
from tests.training.planted import planted, recipe
from tests.training.test_snapshots import Crash, same, varied


def attentive() -> Recipe:
    made = recipe("softmax_cross_entropy", epochs=2, precision="bfloat16")
    towers = TowersConfig.model_validate(
        made.towers.model_dump() | {"attention": {"dim": 8, "heads": 2}, "interaction": "cross"}
    )
    return made.model_copy(update={"towers": towers})


CASES: dict[str, Recipe] = {
    "plain": recipe(epochs=3),
    "varied": varied(),
    "attention": attentive(),
    "one batch": recipe(epochs=2, lists_per_batch=1000),
    "buckets": recipe(epochs=2, lists_per_batch=10, bucket=3, accumulate=3),
}


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("planted"), num_lists=120)


def trained(lists: Path, out: Path, settings: Recipe, **options: Any) -> Path:
    """Train with the pipeline; count the lookups that it prepared."""
    with pytest.MonkeyPatch.context() as environment, looked_up() as calls:
        environment.setenv(SWITCH, "on")
        train(lists, out, settings, **options)
    (out / "lookups").write_text(str(len(calls)))
    return out


class looked_up:  # noqa: N801 - used like a function
    """The tables that the pipeline looked up, as long as it is open."""

    def __enter__(self) -> list[str]:
        names: list[str] = []
        plain = PipelinedForward.__call__

        def told(self: PipelinedForward, *inputs: object) -> object:
            names.append(self.name)
            return plain(self, *inputs)

        self._patch = patch.object(PipelinedForward, "__call__", told)
        self._patch.start()
        return names

    def __exit__(self, *_: object) -> None:
        self._patch.stop()


@pytest.mark.parametrize("name", CASES)
def test_the_model_is_the_same_to_the_bit(lists: Path, tmp_path: Path, name: str) -> None:
    train(lists, tmp_path / "plain", CASES[name])
    trained(lists, tmp_path / "pipelined", CASES[name])
    assert same(tmp_path / "plain", tmp_path / "pipelined")
    assert int((tmp_path / "pipelined" / "lookups").read_text()) > 0


@pytest.mark.parametrize("kind", ["shared", "weighted"])
def test_tables_that_the_pipeline_cannot_prepare_are_looked_up_in_their_turn(
    tmp_path: Path, kind: str
) -> None:
    if kind == "shared":
        lists = shared_lists(tmp_path / "lists", SHARED["across"])
    else:
        lists = weighted_lists(tmp_path / "lists", WEIGHTED["a table of both sides"])
    settings = recipe(epochs=2, lists_per_batch=3)
    train(lists, tmp_path / "plain", settings)
    trained(lists, tmp_path / "pipelined", settings)
    assert same(tmp_path / "plain", tmp_path / "pipelined")


@pytest.mark.parametrize("after", [1, 6, 12, 13, 23])
def test_a_crash_changes_nothing_though_batches_were_on_their_way(
    lists: Path, tmp_path: Path, after: int
) -> None:
    """The snapshot's place is that of the batch that was learned from, not of those ahead of it."""
    policy = SnapshotPolicy(tmp_path / "snapshots", every=4)
    with pytest.raises(ConnectionError):
        trained(lists, tmp_path / "model", varied(), progress=Crash(after), snapshots=policy)
    # Also what was begun with the pipeline goes on without it.
    train(lists, tmp_path / "model", varied(), None, policy)
    train(lists, tmp_path / "whole", varied())
    assert same(tmp_path / "whole", tmp_path / "model")


def test_the_batch_that_gives_no_finite_loss_is_put_aside_and_not_one_ahead_of_it(
    tmp_path: Path,
) -> None:
    rows = [
        {"grade": [0, 1], "document/item": [1, 2], "document/price": [0.5, 1.0]} for _ in range(16)
    ]
    rows[5]["document/price"] = [0.5, float("nan")]
    lists = write_lists(
        tmp_path / "lists", {"train": [rows], "validation": [rows[:4]]}, features=[ITEM, PRICE]
    )
    said = []
    for run in (train, trained):
        aside = tmp_path / run.__name__ / "aside"
        with pytest.raises(NonFiniteError) as error:
            run(lists, tmp_path / "model", recipe(lists_per_batch=4), aside=aside)
        said.append((error.value.when, (aside / "batch.json").read_text()))
    assert said[0] == said[1]


def test_it_is_for_our_rankers_on_a_gpu_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ranker = Ranker([Feature(**ITEM)], TowersConfig(), seed=0)
    cpu, gpu = torch.device("cpu"), torch.device("cuda", 0)
    monkeypatch.delenv(SWITCH, raising=False)
    assert (is_wanted(ranker, cpu), is_wanted(ranker, gpu)) == (False, True)
    assert not is_wanted(nn.Linear(1, 1), gpu)
    monkeypatch.setenv(SWITCH, "off")
    assert not is_wanted(ranker, gpu)
