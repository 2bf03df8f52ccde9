from pathlib import Path

import pytest
import torch

from ltr.data.reader import Lists
from ltr.metrics import ndcg
from ltr.towers.pipelined import SWITCH
from ltr.training import load_ranker, score, train
from tests.training.planted import planted, recipe

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")


def test_a_model_trained_on_a_gpu_scores_the_same_on_a_cpu(tmp_path: Path) -> None:
    folder = planted(tmp_path / "lists")
    history = train(folder, tmp_path / "model", recipe("rank_hinge", {"num_neg": 2}, epochs=20))
    lists, ranker = Lists(folder, "validation"), load_ranker(tmp_path / "model")
    scores = score(ranker, lists)
    value = float(ndcg(scores, lists.grades(), lengths=lists.lengths, k=10))
    best = max(record.validation_ndcg for record in history)
    assert value == pytest.approx(best, abs=1e-3)
    device = torch.device("cuda")
    torch.testing.assert_close(
        score(ranker.to(device), lists, device=device), scores, atol=1e-3, rtol=1e-3
    )


def test_the_pipeline_changes_the_loss_by_no_more_than_the_order_of_additions_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = planted(tmp_path / "lists")
    curves = []
    for switch in ("off", "on"):
        monkeypatch.setenv(SWITCH, switch)
        history = train(folder, tmp_path / switch, recipe(epochs=5, accumulate=2, clip=1.0))
        curves.append([record.train_loss for record in history])
    assert curves[1] == pytest.approx(curves[0], rel=1e-3)
