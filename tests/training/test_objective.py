from pathlib import Path

import pytest
import torch

from ltr.data.batch import RankingBatch
from ltr.data.reader import Lists
from ltr.losses import rank_cross_entropy, rank_hinge
from ltr.metrics import ndcg
from ltr.recipe import LossConfig
from ltr.training import load_ranker, score, train
from ltr.training.objective import Objective
from tests.lists_on_disk import PRICE, write_lists
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


def objective(name: str = "rank_cross_entropy", **settings: str) -> Objective:
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
    with pytest.raises(ValueError, match=r"loss\.negatives belongs to losses with num_neg; grad"):
        Objective.of(config)


def test_a_loss_over_embeddings_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a loss over scores and grades; circle takes emb"):
        Objective.of(LossConfig(name="circle"))


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
