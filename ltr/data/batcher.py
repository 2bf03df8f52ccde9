"""The order in which lists become batches: shuffled for training, as they lie for scoring."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ltr.data.batch import RankingBatch
from ltr.data.manifest import ListsError
from ltr.data.reader import Lists
from ltr.data.seeds import generator


class TrainingBatches:
    """Batches of lists that can teach, in another random order each epoch.

    A list whose documents all have the same grade has no pair to learn from and is left out.

    Args:
        lists: Where the batches are read from.
        lists_per_batch: Lists in a batch; the last of an epoch may have fewer.
        seed: The same seed gives the same batches.

    Raises:
        ValueError: ``lists_per_batch`` is not positive.
        ListsError: No list has two grades.
    """

    def __init__(self, lists: Lists, *, lists_per_batch: int, seed: int) -> None:
        _require_positive(lists_per_batch)
        self.lists = lists
        self.lists_per_batch = lists_per_batch
        self.seed = seed
        self.numbers = teaching_lists(lists).nonzero().squeeze(1)
        """[lists] int64: the numbers of the lists that are used."""
        self.num_left_out = len(lists) - len(self.numbers)
        """How many lists have fewer than two grades."""
        if not len(self.numbers):
            msg = (
                f"there is nothing to learn: none of the {len(lists)} lists of the {lists.split} "
                "split has documents of two different grades"
            )
            raise ListsError(msg)

    def __len__(self) -> int:
        """Batches per epoch."""
        return -(-len(self.numbers) // self.lists_per_batch)

    def epoch(self, epoch: int) -> Iterator[RankingBatch]:
        """The batches of one epoch, each list exactly once."""
        order = torch.randperm(len(self.numbers), generator=generator(self.seed, "order", epoch))
        for numbers in _cut(self.numbers[order], self.lists_per_batch):
            yield self.lists.gather(numbers)


def sequential_batches(lists: Lists, *, lists_per_batch: int) -> Iterator[RankingBatch]:
    """All lists in the order of the files, those included that teach nothing."""
    _require_positive(lists_per_batch)
    for numbers in _cut(torch.arange(len(lists)), lists_per_batch):
        yield lists.gather(numbers)


def teaching_lists(lists: Lists) -> Tensor:
    """Whether each list has documents of at least two grades; [lists] bool."""
    grades, ends = lists.grades(), lists.lengths.cumsum(0)
    # changes[d] counts the places before document d where the grade differs from the one before;
    # a list has two grades if that count grows between its first and its last document.
    changes = torch.zeros(len(grades) + 1, dtype=torch.int64)
    changes[2:] = (grades[1:] != grades[:-1]).cumsum(0)
    starts = ends - lists.lengths
    first = (starts + 1).clamp(max=len(grades))
    return (changes[ends] > changes[first]) & (lists.lengths > 0)


def _cut(numbers: Tensor, size: int) -> Iterator[Tensor]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def _require_positive(lists_per_batch: int) -> None:
    if lists_per_batch < 1:
        msg = f"lists_per_batch must be at least 1; got {lists_per_batch}"
        raise ValueError(msg)
