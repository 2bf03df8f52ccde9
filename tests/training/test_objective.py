import inspect
from pathlib import Path

import pytest
import torch

from ltr.data.batch import RankingBatch
from ltr.data.reader import Lists
from ltr.losses import rank_cross_entropy, rank_hinge
from ltr.losses._face import catalogue
from ltr.metrics import ndcg
from ltr.recipe import LossConfig, RecipeError
from ltr.training import load_ranker, score, train
from ltr.training.objective import Objective
from tests.lists_on_disk import PRICE, Row, write_lists
from tests.training.planted import planted, recipe

SCORES = torch.tensor([0.3, -0.2, 0.9, 0.4, 0.1, 0.7])
GRADES = torch.tensor([0.0, 1.0, 0.0, 2.0, 0.0, 1.0])


def batch(popularity: torch.Tensor | None = None) -> RankingBatch:
    return RankingBatch(
        grades=GRADES,
        lengths=torch.tensor([3, 3]),
        query_dense=torch.zeros(2, 0),
        document_dense=torch.zeros(6, 0),
        query_sparse=None,
        document_sparse=None,
        popularity=popularity,
    )


def objective(name: str = "rank_cross_entropy", **settings: object) -> Objective:
    config = {"name": name, "arguments": {"num_neg": 1}, **settings}
    return Objective.of(LossConfig.model_validate(config))


def chance() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def blocks_of(made: Objective, given: RankingBatch) -> list[list[int]]:
    found = made.draw(SCORES, given, chance())
    assert found is not None
    return sorted(found.view(-1, 2).tolist())


def test_the_hardest_negatives_are_those_of_the_highest_score() -> None:
    assert blocks_of(objective(negatives="hardest"), batch()) == [[1, 2], [3, 5], [5, 4]]
    far = objective(negatives="hardest", negatives_from="batch")
    assert blocks_of(far, batch()) == [[1, 2], [3, 2], [5, 2]]


def test_popular_negatives_are_drawn_by_popularity() -> None:
    popular = torch.tensor([1.0, 1.0, 1e9, 1.0, 1.0, 1e9])
    made = objective(negatives="popular")
    assert made.needs_popularity
    assert blocks_of(made, batch(popular)) == [[1, 2], [3, 5], [5, 4]]


def test_popular_negatives_are_corrected_where_the_loss_has_the_correction() -> None:
    popular = torch.tensor([4.0, 2.0, 8.0, 1.0, 16.0, 2.0])
    blocks = torch.tensor([1, 2, 5, 4])
    made = objective(negatives="popular")
    total, count = made(SCORES, batch(popular), blocks)
    corrected = SCORES - popular.log()
    expected = rank_cross_entropy(corrected[blocks], GRADES[blocks], reduction="sum")
    assert count == 2
    torch.testing.assert_close(total, expected)


def test_a_loss_without_the_correction_takes_popular_negatives_as_they_are() -> None:
    blocks = torch.tensor([1, 2, 5, 4])
    total, _ = objective("rank_hinge", negatives="popular")(SCORES, batch(SCORES.exp()), blocks)
    torch.testing.assert_close(total, rank_hinge(SCORES[blocks], GRADES[blocks], reduction="sum"))


def test_a_loss_without_negatives_has_no_choice_of_them() -> None:
    config = LossConfig(name="graded_hinge", negatives="hardest")
    with pytest.raises(RecipeError, match=r"^loss\.negatives: belongs to losses with num_neg; gr"):
        Objective.of(config)


def test_a_loss_over_embeddings_is_refused() -> None:
    message = r"^loss\.name: must be a loss over scores and grades; circle takes embeddings$"
    with pytest.raises(RecipeError, match=message):
        Objective.of(LossConfig(name="circle"))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("rank_hinge", {"num_neg": 0}, r"arguments\.num_neg: must be at least 1; got 0$"),
        ("rank_cross_entropy", {"num_neg": -1}, r"arguments\.num_neg: must be at least 1; got -1$"),
        ("rank_hinge", {"num_neg": 1.5}, r"arguments\.num_neg: must be int; got 1\.5$"),
        (
            "rank_hinge",
            {"aggregate": "max"},
            r"arguments\.aggregate: must be one of .*; got 'max'$",
        ),
        ("lambda_loss", {"k": 0}, r"arguments\.k: must be a rank from 1, .*; got 0$"),
        ("graded_hinge", {"margin": "wide"}, r"arguments\.margin: must be float; got 'wide'$"),
        (
            "graded_hinge",
            {"margin": 10**400},
            r"name: graded_hinge cannot be trained with: .*margin",
        ),
        (
            "graded_hinge",
            {"margins": 1},
            r"arguments\.margins: .* graded_hinge; .*mean 'margin'\?$",
        ),
        ("graded_hinge", {"q": 1}, r"arguments\.q: .* graded_hinge; it has margin, pair_weight$"),
        ("list_mle", {"q": 1}, r"arguments\.q: is no argument of list_mle; it has none$"),
        ("bpr", {"reduction": "sum"}, r"arguments\.reduction: is left to the training; leave"),
        (
            "graded_hing",
            {},
            r"name: no loss is called 'graded_hing'; did you mean 'graded_hinge'\?$",
        ),
    ],
)
def test_a_wrong_loss_is_refused_by_its_key_before_any_batch(
    name: str, arguments: Row, message: str
) -> None:
    with pytest.raises(RecipeError, match=rf"^loss\.{message}"):
        Objective.of(LossConfig(name=name, arguments=arguments))


@pytest.mark.parametrize("name", sorted(catalogue))
def test_every_loss_over_scores_and_grades_can_be_trained_with(name: str) -> None:
    if list(inspect.signature(catalogue[name].function).parameters)[:2] == ["scores", "labels"]:
        assert Objective.of(LossConfig(name=name)).config.name == name


def test_many_negatives_take_no_memory_before_the_training() -> None:
    assert objective(arguments={"num_neg": 10**12}).num_neg == 10**12


def test_popularity_is_how_often_the_split_shows_the_document(tmp_path: Path) -> None:
    rows = [
        {"grade": [0, 1], "document/price": [0.0, 1.0], "document_id": ids}
        for ids in (["a", "b"], ["a", "c"], ["a", "b"])
    ]
    folder = write_lists(tmp_path, {"train": [rows[:1], rows[1:]]}, features=[PRICE])
    lists = Lists(folder, "train", popularity=True)
    shown = lists.gather(torch.tensor([2, 0, 1])).popularity
    assert shown is not None
    assert shown.tolist() == [3, 2, 3, 1, 3, 2]
    assert Lists(folder, "train").gather(torch.tensor([0])).popularity is None


@pytest.mark.parametrize(
    ("negatives", "source"), [("popular", "list"), ("popular", "batch"), ("hardest", "list")]
)
def test_other_choices_of_negatives_learn_too(tmp_path: Path, negatives: str, source: str) -> None:
    lists = planted(tmp_path / "lists")
    plain = recipe("rank_hinge", {"num_neg": 3}, epochs=15, patience=5)
    loss = plain.loss.model_copy(update={"negatives": negatives, "negatives_from": source})
    train(lists, tmp_path / "model", plain.model_copy(update={"loss": loss}))
    validation = Lists(lists, "validation")
    scores = score(load_ranker(tmp_path / "model"), validation)
    assert ndcg(scores, validation.grades(), lengths=validation.lengths, k=10) > 0.9
