"""Training on clicks that are weighed by the inverse propensity of their position."""

from pathlib import Path

import pytest
import torch

from ltr.data.batch import RankingBatch
from ltr.data.manifest import ListsError
from ltr.data.reader import Lists
from ltr.losses import graded_hinge, rank_cross_entropy, softmax_cross_entropy
from ltr.metrics import ndcg
from ltr.recipe import LossConfig
from ltr.training import load_ranker, score, train
from ltr.training.objective import Objective
from tests.lists_on_disk import PRICE, write_lists
from tests.training.planted import clicked, planted, recipe

SCORES = torch.tensor([0.3, -0.2, 0.9, 0.4])
GRADES = torch.tensor([0.0, 1.0, 0.0, 2.0])
PROPENSITIES = torch.tensor([1.0, 0.5, 0.25, 0.2])
INVERSE = torch.tensor([1.0, 2.0, 1.0, 5.0])


def batch(propensities: torch.Tensor | None = PROPENSITIES) -> RankingBatch:
    return RankingBatch(
        grades=GRADES,
        lengths=torch.tensor([4]),
        query_dense=torch.zeros(1, 0),
        document_dense=torch.zeros(4, 0),
        query_sparse=None,
        document_sparse=None,
        propensities=propensities,
    )


@pytest.mark.parametrize("loss", [softmax_cross_entropy, graded_hinge])
def test_relevant_documents_weigh_one_over_their_propensity(loss) -> None:
    made = Objective.of(LossConfig(name=loss.__name__, unbiased=True))
    found, _ = made(SCORES, batch(), None)
    want = loss(SCORES, GRADES, lengths=torch.tensor([4]), weights=INVERSE, reduction="sum")
    torch.testing.assert_close(found, want)


def test_the_documents_of_a_block_bring_their_weights() -> None:
    config = LossConfig(name="rank_cross_entropy", arguments={"num_neg": 1}, unbiased=True)
    blocks = torch.tensor([1, 0, 3, 2])
    found, _ = Objective.of(config)(SCORES, batch(), blocks)
    picked = SCORES[blocks], GRADES[blocks]
    want = rank_cross_entropy(*picked, num_neg=1, weights=INVERSE[blocks], reduction="sum")
    torch.testing.assert_close(found, want)


def test_without_the_setting_propensities_change_nothing() -> None:
    made = Objective.of(LossConfig(name="softmax_cross_entropy"))
    assert made(SCORES, batch(), None)[0] == made(SCORES, batch(None), None)[0]


def test_a_batch_without_propensities_is_refused() -> None:
    made = Objective.of(LossConfig(name="softmax_cross_entropy", unbiased=True))
    with pytest.raises(ValueError, match=r"loss\.unbiased: the batch must carry propensities"):
        made(SCORES, batch(None), None)


def test_lists_without_propensities_are_refused_before_training(tmp_path: Path) -> None:
    lists = planted(tmp_path / "lists", num_lists=40)
    with pytest.raises(ListsError, match=r"loss\.unbiased needs propensities; the train lists"):
        train(lists, tmp_path / "model", recipe(unbiased=True))


def test_propensities_are_read_in_the_order_of_the_documents(tmp_path: Path) -> None:
    rows = [
        {"grade": [0, 1], "propensity": [1.0, 0.5], "document/price": [0.0, 1.0]},
        {"grade": [0], "propensity": [0.25], "document/price": [0.0]},
        {"grade": [1], "propensity": [0.125], "document/price": [0.0]},
    ]
    folder = write_lists(tmp_path, {"train": [rows[:2], rows[2:]]}, features=[PRICE])
    lists = Lists(folder, "train")
    every, some = lists.propensities(), lists.gather(torch.tensor([2, 0])).propensities
    assert every is not None
    assert some is not None
    assert every.tolist() == [1.0, 0.5, 0.25, 0.125]
    assert some.tolist() == [1.0, 0.5, 0.125]


def test_lists_without_the_column_have_no_propensities(tmp_path: Path) -> None:
    lists = Lists(planted(tmp_path, num_lists=8), "train")
    assert lists.propensities() is None
    assert lists.gather(torch.tensor([0])).propensities is None


@pytest.mark.parametrize("bad", [0.0, -0.5, 1.5, float("nan")])
def test_a_propensity_out_of_range_is_refused(tmp_path: Path, bad: float) -> None:
    rows = [{"grade": [1, 0], "propensity": [1.0, bad], "document/price": [0.0, 1.0]}]
    folder = write_lists(tmp_path, {"train": [rows]}, features=[PRICE])
    with pytest.raises(ListsError, match="column propensity must lie above 0 and be at most 1"):
        Lists(folder, "train")


def true_ndcg(lists: Path, model: Path, *, unbiased: bool) -> float:
    loss = "softmax_cross_entropy"
    train(lists, model, recipe(loss, unbiased=unbiased, epochs=8, patience=8))
    test = Lists(lists, "test")
    scores = score(load_ranker(model), test)
    return float(ndcg(scores, test.grades(), k=10, lengths=test.lengths))


def test_weighted_clicks_rank_by_relevance_better_than_plain_clicks(tmp_path: Path) -> None:
    lists = clicked(tmp_path / "lists")
    plain = true_ndcg(lists, tmp_path / "plain", unbiased=False)
    weighed = true_ndcg(lists, tmp_path / "weighed", unbiased=True)
    assert weighed > plain + 0.03
