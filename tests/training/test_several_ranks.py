"""Training on several processes: what one process does, and no other result."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

from ltr.data.manifest import Feature
from ltr.data.reader import Lists
from ltr.recipe import Recipe, TowersConfig
from ltr.towers import Ranker, distribute, plain_weights, process_group
from ltr.towers.pipelined import SWITCH
from ltr.training import (
    SnapshotPolicy,
    WarmStart,
    load_history,
    load_ranker,
    score,
    train,
)
from ltr.training.checkpoint import load_optimizer
from tests.towers.test_id_weights import CASES as WEIGHTED
from tests.towers.test_id_weights import lists_of as weighted_lists
from tests.towers.test_shared_tables import CASES, lists_of
from tests.training.planted import planted, recipe
from tests.training.test_snapshots import Crash, same

RANKS = 2
CPU = torch.device("cpu")
FEATURES = [
    Feature(side="query", name="user", kind="id", size=50),
    Feature(side="document", name="item", kind="id", size=101),
    Feature(side="document", name="price", kind="number"),
]


def attentive() -> Recipe:
    made = recipe("softmax_cross_entropy", epochs=3, lists_per_batch=16)
    towers = TowersConfig.model_validate(
        made.towers.model_dump() | {"attention": {"dim": 8, "heads": 2}}
    )
    return made.model_copy(update={"towers": towers})


SETTINGS = {"towers": recipe(epochs=3), "attention": attentive()}
SHARED, WARM = recipe(epochs=2, lists_per_batch=5), recipe(epochs=2, seed=9)


class Done(NamedTuple):
    """What two processes left behind."""

    lists: Path
    out: Path


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Two processes do all that they are needed for: to start them takes longer than their work."""
    folder = tmp_path_factory.mktemp("ranks")
    lists, out = planted(folder / "lists", num_lists=120), folder / "out"
    lists_of(folder / "shared", CASES["across"])
    weighted_lists(folder / "weighted", WEIGHTED["a table of both sides"], 24)
    train(lists, folder / "first", recipe(epochs=2))
    out.mkdir()
    spawn(_in_process, (str(folder / "store"), lists, out), nprocs=RANKS)
    return Done(lists, out)


def _in_process(rank: int, store: str, lists: Path, out: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=RANKS)
    _shards(out / "weights.pt")
    for case in ("shared", "weighted"):
        _score_as_one(Lists(lists.parent / case, "train"), out / f"{case}.pt")
    os.environ[SWITCH] = "on"
    train(lists, out / "pipelined", SETTINGS["towers"])
    train(lists.parent / "weighted", out / "weighted pipelined", SHARED)
    del os.environ[SWITCH]
    for name, settings in SETTINGS.items():
        history = train(lists, out / name, settings)
        assert all(record.validation_ndcg > 0 for record in history)
        # The model is there for every rank as soon as it has returned.
        assert torch.isfinite(score(load_ranker(out / name), Lists(lists, "validation"))).all()
    train(lists.parent / "shared", out / "shared", SHARED)
    train(lists.parent / "weighted", out / "weighted", SHARED)
    train(lists, out / "warm", WARM, warm_start=WarmStart(lists.parent / "first"))
    try:
        policy = SnapshotPolicy(out / "snapshots", every=2)
        train(lists, out / "crashed", SETTINGS["towers"], Crash(after=9), policy)
    finally:
        os._exit(0)  # as a machine does that is gone


def _score_as_one(lists: Lists, out: Path) -> None:
    """Leave the scores of the tables that lie on two ranks, and those of a plain model."""
    config = TowersConfig(embedding_dim=8)
    plain, ranker = (Ranker(lists.manifest.features, config, seed=3) for _ in range(2))
    with process_group(CPU):
        model = distribute(ranker, device=CPU, table_learning_rate=0.1)
        batch = lists.gather(torch.arange(len(lists)).chunk(RANKS)[dist.get_rank()])
        torch.save((model(batch).detach(), plain(batch).detach()), f"{out}.{dist.get_rank()}")


def _shards(out: Path) -> None:
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


@pytest.mark.parametrize("name", SETTINGS)
def test_two_processes_reach_the_loss_curve_of_one(done: Done, tmp_path: Path, name: str) -> None:
    train(done.lists, tmp_path / "one", SETTINGS[name])
    one, two = load_history(tmp_path / "one"), load_history(done.out / name)
    for alone, shared in zip(one, two, strict=True):
        assert shared.train_loss == pytest.approx(alone.train_loss, rel=1e-5)
        assert shared.validation_ndcg == pytest.approx(alone.validation_ndcg, abs=2e-3)
    alone_state, shared_state = map(load_optimizer, (tmp_path / "one", done.out / name))
    assert alone_state.keys() == shared_state.keys()
    for slot, value in alone_state.items():
        torch.testing.assert_close(shared_state[slot], value, atol=1e-3, rtol=1e-2)


def test_two_processes_share_a_table_of_queries_and_documents(done: Done, tmp_path: Path) -> None:
    """Rows of a rank are its documents and its lists: as many as no other rank has."""
    train(done.lists.parent / "shared", tmp_path / "one", SHARED)
    one, two = load_history(tmp_path / "one"), load_history(done.out / "shared")
    for alone, shared in zip(one, two, strict=True):
        assert shared.train_loss == pytest.approx(alone.train_loss, rel=1e-5)


@pytest.mark.parametrize(
    ("plain", "pipelined"), [("towers", "pipelined"), ("weighted", "weighted pipelined")]
)
def test_the_pipeline_changes_no_bit_of_what_two_processes_do(
    done: Done, plain: str, pipelined: str
) -> None:
    assert same(done.out / plain, done.out / pipelined)


@pytest.mark.parametrize("case", ["shared", "weighted"])
def test_tables_on_two_ranks_give_their_vectors_in_the_order_of_a_plain_model(
    done: Done, case: str
) -> None:
    for rank in range(RANKS):
        found, expected = torch.load(done.out / f"{case}.pt.{rank}", weights_only=True)
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


def test_two_processes_share_weighted_ids(done: Done, tmp_path: Path) -> None:
    train(done.lists.parent / "weighted", tmp_path / "one", SHARED)
    one, two = load_history(tmp_path / "one"), load_history(done.out / "weighted")
    for alone, shared in zip(one, two, strict=True):
        assert shared.train_loss == pytest.approx(alone.train_loss, rel=1e-5)


def test_two_processes_begin_with_the_model_of_one(done: Done, tmp_path: Path) -> None:
    first = done.lists.parent / "first"
    train(done.lists, tmp_path / "one", WARM, warm_start=WarmStart(first))
    one, two = load_history(tmp_path / "one"), load_history(done.out / "warm")
    for alone, shared in zip(one, two, strict=True):
        assert shared.train_loss == pytest.approx(alone.train_loss, rel=1e-5)
    assert one[0].train_loss < load_history(first)[0].train_loss


def test_a_snapshot_of_two_ranks_is_gone_on_from_by_one(done: Done, tmp_path: Path) -> None:
    snapshots = done.out / "snapshots"
    assert sorted(path.name for path in snapshots.iterdir())[-1] == "step-00000008"
    train(done.lists, tmp_path / "whole", SETTINGS["towers"])
    watcher, policy = Crash(after=1000), SnapshotPolicy(snapshots, every=2)
    train(done.lists, tmp_path / "model", SETTINGS["towers"], watcher, policy)
    assert watcher.began == (2, 2)
    whole, gone_on = load_history(tmp_path / "whole"), load_history(tmp_path / "model")
    for alone, mixed in zip(whole, gone_on, strict=True):
        assert mixed.train_loss == pytest.approx(alone.train_loss, rel=1e-5)


def test_the_shards_of_the_tables_are_put_together_again(done: Done) -> None:
    together = torch.load(done.out / "weights.pt", weights_only=True)
    plain: dict[str, Any] = Ranker(FEATURES, TowersConfig(embedding_dim=8), seed=3).state_dict()
    assert together.keys() == plain.keys()
    assert all(torch.equal(together[name], plain[name]) for name in plain)
