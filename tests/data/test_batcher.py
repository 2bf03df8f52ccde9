from itertools import chain
from pathlib import Path

import pytest
import torch

from ltr.data.batcher import TrainingBatches, sequential_batches, teaching_lists
from ltr.data.manifest import ListsError
from ltr.data.reader import Lists
from tests.lists_on_disk import PRICE, USER, write_lists

GRADES = [[0, 1], [], [1, 1], [2], [0, 0, 3], [1, 1], [2, 0, 2], [0, 1, 0]]
TEACHING = [0, 4, 6, 7]


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    """Eight lists in two shards; the user's id is the list's number."""
    rows = [
        {"grade": grades, "query/user": number, "document/price": [0.0] * len(grades)}
        for number, grades in enumerate(GRADES)
    ]
    folder = write_lists(tmp_path, {"train": [rows[:3], rows[3:]]}, features=[USER, PRICE])
    return Lists(folder, "train")


def numbers_of(batches: object) -> list[list[int]]:
    return [batch.query_sparse.values().tolist() for batch in batches]  # type: ignore[attr-defined]


def test_an_epoch_has_each_list_that_can_teach_once(lists: Lists) -> None:
    batches = TrainingBatches(lists, lists_per_batch=3, seed=0)
    epoch = numbers_of(batches.epoch(0))
    assert [len(batch) for batch in epoch] == [3, 1]
    assert len(batches) == 2
    assert sorted(chain(*epoch)) == TEACHING
    assert batches.num_left_out == 4


def test_the_order_depends_on_the_seed_and_the_epoch_alone(lists: Lists) -> None:
    def orders(seed: int) -> list[list[list[int]]]:
        batches = TrainingBatches(lists, lists_per_batch=1, seed=seed)
        return [numbers_of(batches.epoch(epoch)) for epoch in range(6)]

    assert orders(1) == orders(1)
    assert orders(1) != orders(2)
    assert len({str(order) for order in orders(1)}) > 1
    again = TrainingBatches(lists, lists_per_batch=1, seed=1)
    assert numbers_of(again.epoch(5)) == orders(1)[5]


def test_scoring_sees_every_list_in_the_order_of_the_files(lists: Lists) -> None:
    batches = list(sequential_batches(lists, lists_per_batch=3))
    assert numbers_of(batches) == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert torch.cat([batch.grades for batch in batches]).tolist() == list(chain(*GRADES))


def test_a_list_teaches_if_two_grades_differ(lists: Lists) -> None:
    assert teaching_lists(lists).nonzero().flatten().tolist() == TEACHING


def test_an_empty_split_gives_no_batches(tmp_path: Path) -> None:
    empty = Lists(write_lists(tmp_path, {}), "test")
    assert len(empty) == 0
    assert list(sequential_batches(empty, lists_per_batch=2)) == []
    assert teaching_lists(empty).tolist() == []


def test_a_log_without_two_grades_in_a_list_is_refused(tmp_path: Path) -> None:
    row = {"grade": [1, 1], "document/price": [0.0, 1.0]}
    flat = Lists(write_lists(tmp_path, {"train": [[row, row]]}, features=[PRICE]), "train")
    with pytest.raises(ListsError, match="nothing to learn: none of the 2 lists of the train spl"):
        TrainingBatches(flat, lists_per_batch=2, seed=0)


def test_a_batch_has_at_least_one_list(lists: Lists) -> None:
    with pytest.raises(ValueError, match="lists_per_batch must be at least 1; got 0"):
        TrainingBatches(lists, lists_per_batch=0, seed=0)
