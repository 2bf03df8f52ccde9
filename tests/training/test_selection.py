from pathlib import Path

import pytest
import torch

from ltr.data.reader import Lists
from ltr.metrics import average_relevance_position, reciprocal_rank
from ltr.recipe import RecipeError
from ltr.training import load_history, train
from ltr.training.selection import Selection
from tests.training.planted import planted, recipe


def test_the_value_is_the_metrics_mean(tmp_path: Path) -> None:
    lists = Lists(planted(tmp_path, num_lists=40), "validation")
    grades, scores = lists.grades(), torch.rand(int(lists.lengths.sum()))
    expected = float(reciprocal_rank(scores, grades, k=3, lengths=lists.lengths))
    assert Selection.of("mrr@3").value(scores, lists) == expected
    expected = float(average_relevance_position(scores, grades, lengths=lists.lengths))
    assert Selection.of("arp").value(scores, lists) == expected


def test_lower_is_better_where_the_metric_says_so() -> None:
    assert Selection.of("arp").is_better(2.0, than=3.0)
    assert not Selection.of("ndcg@10").is_better(0.5, than=0.5)
    assert Selection.of("auc").is_better(0.0, than=None)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ndgc@10", r"training\.validate_by: must be .* got 'ndgc@10'; did you mean 'ndcg'\?"),
        ("ndcg@0", "must be a metric such as ndcg@10; got 'ndcg@0'"),
        ("auc@5", "auc counts all ranks and takes no cutoff; got 'auc@5'"),
        ("calibration_error", "must be a metric such as"),
    ],
)
def test_a_metric_that_is_not_one_is_refused(name: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        Selection.of(name)


def test_the_epoch_that_is_best_by_the_chosen_metric_is_kept(tmp_path: Path) -> None:
    folder = planted(tmp_path / "lists", num_lists=120)
    by_arp = recipe(epochs=6, patience=6, validate_by="arp")
    history = train(folder, tmp_path / "model", by_arp)
    values = [record.value for record in history]
    best = max(record.epoch for record in history if record.is_best)
    assert best == values.index(min(values)) + 1
    assert all(
        value > 1 >= record.validation_ndcg for value, record in zip(values, history, strict=True)
    )
    assert load_history(tmp_path / "model") == history
