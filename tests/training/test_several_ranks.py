"""Training on several processes: what one process does, and no other result."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

from ltr.data.manifest import Feature
from ltr.data.reader import Lists
from ltr.recipe import Recipe, TowersConfig
from ltr.towers import Ranker, distribute, plain_weights, process_group
from ltr.training import (
    EpochRecord,
    SnapshotPolicy,
    WarmStart,
    load_history,
    load_ranker,
    score,
    train,
)
from ltr.training.checkpoint import load_optimizer
from tests.towers.test_shared_tables import CASES, lists_of
from tests.training.planted import planted, recipe
from tests.training.test_snapshots import Crash

RANKS = 2
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("planted"), num_lists=120)


def attentive() -> Recipe:
    made = recipe("softmax_cross_entropy", epochs=3, lists_per_batch=16)
    towers = TowersConfig.model_validate(
        made.towers.model_dump() | {"attention": {"dim": 8, "heads": 2}}
    )
    return made.model_copy(update={"towers": towers})


def _in_process(rank: int, store: str, function: Any, arguments: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    init = f"file://{store}"
    dist.init_process_group("gloo", init_method=init, rank=rank, world_size=RANKS)
    try:
        function(*arguments)
    finally:
        dist.destroy_process_group()


def on_two_ranks(tmp_path: Path, function: Any, *arguments: Any) -> None:
    """Run a function of this module in two processes of one group."""
    store = tmp_path / f"store-{len(os.listdir(tmp_path))}"  # noqa: PTH208 - a number is enough
    spawn(_in_process, (str(store), function, arguments), nprocs=RANKS)


def _train(lists: Path, out: Path, settings: Recipe, after: int, snapshots: Path | None) -> None:
    policy = None if snapshots is None else SnapshotPolicy(snapshots, every=2)
    history: list[EpochRecord] = []
    try:
        history = train(lists, out, settings, Crash(after), policy)
    except ConnectionError:
        os._exit(0)  # as a machine does that is gone
    scores = score(load_ranker(out), Lists(lists, "validation"))
    assert torch.isfinite(scores).all()
    assert all(record.validation_ndcg > 0 for record in history)


@pytest.mark.parametrize("settings", [recipe(epochs=3), attentive()], ids=["towers", "attention"])
def test_two_processes_reach_the_loss_curve_of_one(
    lists: Path, tmp_path: Path, settings: Recipe
) -> None:
    train(lists, tmp_path / "one", settings)
    on_two_ranks(tmp_path, _train, lists, tmp_path / "two", settings, 1000, None)
    one, two = load_history(tmp_path / "one"), load_history(tmp_path / "two")
    for alone, shared in zip(one, two, strict=True):
        assert shared.train_loss == pytest.approx(alone.train_loss, rel=1e-5)
        assert shared.validation_ndcg == pytest.approx(alone.validation_ndcg, abs=2e-3)
    alone_state, shared_state = (load_optimizer(tmp_path / name) for name in ("one", "two"))
    assert alone_state.keys() == shared_state.keys()
    for name, value in alone_state.items():
        torch.testing.assert_close(shared_state[name], value, atol=1e-3, rtol=1e-2)


def test_a_snapshot_of_two_ranks_is_gone_on_from_by_one(lists: Path, tmp_path: Path) -> None:
    settings, snapshots = recipe(epochs=3), tmp_path / "snapshots"
    train(lists, tmp_path / "whole", settings)
    on_two_ranks(tmp_path, _train, lists, tmp_path / "model", settings, 9, snapshots)
    assert sorted(path.name for path in snapshots.iterdir())[-1] == "step-00000008"
    watcher = Crash(after=1000)
    train(lists, tmp_path / "model", settings, watcher, SnapshotPolicy(snapshots, every=2))
    assert watcher.began == (2, 2)
    whole, gone_on = load_history(tmp_path / "whole"), load_history(tmp_path / "model")
    for alone, mixed in zip(whole, gone_on, strict=True):
        assert mixed.train_loss == pytest.approx(alone.train_loss, rel=1e-5)


def test_two_processes_share_a_table_of_queries_and_documents(tmp_path: Path) -> None:
    """Rows of a rank are its documents and its lists: as many as no other rank has."""
    lists = lists_of(tmp_path / "lists", CASES["across"])
    settings = recipe(epochs=2, lists_per_batch=5)
    train(lists, tmp_path / "one", settings)
    on_two_ranks(tmp_path, _train, lists, tmp_path / "two", settings, 1000, None)
    one, two = load_history(tmp_path / "one"), load_history(tmp_path / "two")
    for alone, shared in zip(one, two, strict=True):
        assert shared.train_loss == pytest.approx(alone.train_loss, rel=1e-5)


def _train_on(lists: Path, out: Path, settings: Recipe, model: Path) -> None:
    train(lists, out, settings, warm_start=WarmStart(model))


def test_two_processes_begin_with_the_model_of_one(lists: Path, tmp_path: Path) -> None:
    train(lists, tmp_path / "first", recipe(epochs=2))
    settings = recipe(epochs=2, seed=9)
    _train_on(lists, tmp_path / "one", settings, tmp_path / "first")
    on_two_ranks(tmp_path, _train_on, lists, tmp_path / "two", settings, tmp_path / "first")
    one, two = load_history(tmp_path / "one"), load_history(tmp_path / "two")
    for alone, shared in zip(one, two, strict=True):
        assert shared.train_loss == pytest.approx(alone.train_loss, rel=1e-5)
    assert one[0].train_loss < load_history(tmp_path / "first")[0].train_loss


FEATURES = [
    Feature(side="query", name="user", kind="id", size=50),
    Feature(side="document", name="item", kind="id", size=101),
    Feature(side="document", name="price", kind="number"),
]


def _shards(out: str) -> None:
    config = TowersConfig(embedding_dim=8)
    with process_group(CPU):
        model = distribute(Ranker(FEATURES, config, seed=3), device=CPU, table_learning_rate=0.1)
        held = [
            shard.tensor.shape[0]
            for value in model.state_dict().values()
            if hasattr(value, "local_shards")
            for shard in value.local_shards()
        ]
        assert sum(held) < 151
        weights = plain_weights(model)
        if dist.get_rank() == 0:
            torch.save(weights, out)


def test_the_shards_of_the_tables_are_put_together_again(tmp_path: Path) -> None:
    on_two_ranks(tmp_path, _shards, str(tmp_path / "weights.pt"))
    together = torch.load(tmp_path / "weights.pt", weights_only=True)
    plain = Ranker(FEATURES, TowersConfig(embedding_dim=8), seed=3).state_dict()
    assert together.keys() == plain.keys()
    assert all(torch.equal(together[name], plain[name]) for name in plain)
