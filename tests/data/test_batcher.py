from itertools import chain, islice
from pathlib import Path

import pytest
import torch

from ltr.data.batcher import BatchSize, TrainingBatches, sequential_batches, teaching_lists
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
    batches = TrainingBatches(lists, size=3, seed=0)
    epoch = numbers_of(batches.epoch(0))
    assert [len(batch) for batch in epoch] == [3, 1]
    assert len(batches) == 2
    assert sorted(chain(*epoch)) == TEACHING
    assert batches.num_left_out == 4


def test_the_order_depends_on_the_seed_and_the_epoch_alone(lists: Lists) -> None:
    def orders(seed: int) -> list[list[list[int]]]:
        batches = TrainingBatches(lists, size=1, seed=seed)
        return [numbers_of(batches.epoch(epoch)) for epoch in range(6)]

    assert orders(1) == orders(1)
    assert orders(1) != orders(2)
    assert len({str(order) for order in orders(1)}) > 1
    again = TrainingBatches(lists, size=1, seed=1)
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
        TrainingBatches(flat, size=2, seed=0)


def test_a_batch_has_at_least_one_list(lists: Lists) -> None:
    with pytest.raises(ValueError, match="lists_per_batch must be at least 1; got 0"):
        TrainingBatches(lists, size=0, seed=0)


@pytest.fixture
def many(tmp_path: Path) -> Lists:
    """Fifty lists that can teach, of 2 to 11 documents; the user's id is the list's number."""
    rows = [
        {
            "grade": [1] + [0] * (1 + number * 7 % 10),
            "query/user": number,
            "document/price": [0.0] * (2 + number * 7 % 10),
        }
        for number in range(50)
    ]
    folder = write_lists(tmp_path, {"train": [rows[:21], rows[21:]]}, features=[USER, PRICE])
    return Lists(folder, "train")


SIZES = [BatchSize(lists=4), BatchSize(documents=20), BatchSize(lists=4, bucket=3)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("num_ranks", [1, 2, 3])
def test_ranks_share_the_lists_of_every_batch(many: Lists, size: BatchSize, num_ranks: int) -> None:
    ranks = [
        numbers_of(TrainingBatches(many, size=size, seed=3, rank=rank, num_ranks=num_ranks))
        for rank in range(num_ranks)
    ]
    assert len({len(batches) for batches in ranks}) == 1
    shares = list(zip(*ranks, strict=True))
    assert all(share for batch in shares for share in batch)
    assert sorted(chain(*chain(*shares))) == list(range(50))
    if num_ranks < 3:  # three ranks can make a batch larger, so that each has a list of it
        alone = numbers_of(TrainingBatches(many, size=size, seed=3))
        assert [sorted(chain(*batch)) for batch in shares] == [sorted(batch) for batch in alone]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("ahead", [0, 2])
def test_a_training_goes_on_in_the_middle_of_an_epoch(
    many: Lists, size: BatchSize, ahead: int
) -> None:
    whole = TrainingBatches(many, size=size, seed=3)
    expected = [numbers_of(whole) for _ in range(3)]
    assert expected[0] != expected[1]
    first = TrainingBatches(many, size=size, seed=3, ahead=ahead)
    began = numbers_of(first), numbers_of(islice(first, 4))
    assert began == (expected[0], expected[1][:4])
    # What was made ahead and not given out is made again.
    other = TrainingBatches(many, size=size, seed=3, ahead=2 - ahead)
    other.load_state_dict(first.state_dict())
    assert numbers_of(other) == expected[1][4:]
    assert numbers_of(other) == expected[2]


def test_a_position_taken_by_two_ranks_is_good_for_one(many: Lists) -> None:
    pair = [TrainingBatches(many, size=6, seed=3, rank=rank, num_ranks=2) for rank in (0, 1)]
    for batches in pair:
        numbers_of(islice(batches, 5))
    assert pair[0].state_dict() == pair[1].state_dict()
    one = TrainingBatches(many, size=6, seed=3)
    expected = numbers_of(one)[5:]
    one.load_state_dict(pair[0].state_dict() | {"epoch": 1})
    assert numbers_of(one) == expected


@pytest.mark.parametrize("change", [{"seed": 4}, {"size": 7}, {"size": BatchSize(documents=6)}])
def test_a_position_in_other_batches_is_refused(many: Lists, change: dict[str, object]) -> None:
    state = TrainingBatches(many, size=6, seed=3).state_dict()
    other = TrainingBatches(many, **({"size": 6, "seed": 3} | change))  # type: ignore[arg-type]  # some of them
    with pytest.raises(ValueError, match="the position is one of batches of"):
        other.load_state_dict(state)


def test_a_budget_of_documents_is_kept_but_for_lists_that_are_longer(many: Lists) -> None:
    batches = TrainingBatches(many, size=BatchSize(documents=20), seed=3)
    sizes = [(int(batch.lengths.sum()), len(batch.lengths)) for batch in batches]
    assert all(documents <= 20 for documents, _ in sizes)
    assert max(documents for documents, _ in sizes) > 15
    small = TrainingBatches(many, size=BatchSize(documents=5), seed=3)
    assert all(int(batch.lengths.sum()) <= 5 or len(batch.lengths) == 1 for batch in small.epoch(1))
    assert len(small) == len(list(small.epoch(1)))


def test_lists_of_one_length_meet_in_a_bucket(many: Lists) -> None:
    def padding(bucket: int) -> int:
        batches = TrainingBatches(many, size=BatchSize(lists=5, bucket=bucket), seed=3)
        return sum(int((b.lengths.max() - b.lengths).sum()) for b in batches.epoch(1))

    assert padding(10) == 0
    assert 0 < padding(3) < padding(1)


def test_batches_in_a_bucket_do_not_come_in_the_order_of_length(many: Lists) -> None:
    batches = TrainingBatches(many, size=BatchSize(lists=5, bucket=10), seed=3)
    longest = [int(batch.lengths.max()) for batch in batches.epoch(1)]
    assert longest not in (sorted(longest), sorted(longest, reverse=True))


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({}, "a number of lists or of documents, not both or none"),
        ({"lists": 2, "documents": 3}, "a number of lists or of documents, not both or none"),
        ({"documents": 0}, "documents_per_batch must be at least 1; got 0"),
        ({"lists": 1, "bucket": 0}, "bucket must be at least 1; got 0"),
    ],
)
def test_a_size_that_is_none_is_refused(size: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BatchSize(**size)


def test_ranks_that_there_are_not_are_refused(many: Lists, lists: Lists) -> None:
    with pytest.raises(ValueError, match="rank must be from 0 to num_ranks - 1; got 2 of 2"):
        TrainingBatches(many, size=2, seed=0, rank=2, num_ranks=2)
    with pytest.raises(ListsError, match="5 ranks need a list each; only 4 lists of the train"):
        TrainingBatches(lists, size=2, seed=0, num_ranks=5)
