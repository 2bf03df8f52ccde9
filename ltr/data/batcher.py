"""The order in which lists become batches: shuffled for training, as they lie for scoring."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ltr.data.batch import RankingBatch
from ltr.data.manifest import ListsError
from ltr.data.prefetch import prefetched
from ltr.data.reader import Lists
from ltr.data.seeds import generator


@dataclass(frozen=True, slots=True)
class BatchSize:
    """How many lists make one batch: a number of them, or as many as have so many documents.

    Attributes:
        lists: Lists in a batch; None where documents decide.
        documents: A batch takes lists until one more would bring it above so many documents; a
            longer list is a batch of its own.
        bucket: So many batches together are sorted by length before they are cut, so that lists of
            about the same length meet: for models that pad. 1 leaves the order as it is drawn.

    Raises:
        ValueError: Neither or both of the two are given, or one is not positive.

    Example:
        >>> BatchSize(documents=4).cut(torch.tensor([2, 2, 3, 9, 1]))
        [0, 2, 3, 4, 5]
    """

    lists: int | None = None
    documents: int | None = None
    bucket: int = 1

    def __post_init__(self) -> None:
        if (self.lists is None) == (self.documents is None):
            msg = f"a batch has a number of lists or of documents, not both or none; got {self}"
            raise ValueError(msg)
        for name in ("lists", "documents", "bucket"):
            value = getattr(self, name)
            if value is not None and value < 1:
                msg = f"{name}_per_batch must be at least 1; got {value}"
                raise ValueError(msg.replace("bucket_per_batch", "bucket"))

    def cut(self, lengths: Tensor, least: int = 1) -> list[int]:
        """Where batches begin, and where the last one ends, in lists of these lengths.

        Args:
            lengths: [lists], documents per list, in the order in which they are taken.
            least: Lists that every batch has; a tail of fewer is added to the batch before it.
        """
        if self.lists is not None:
            cuts = list(range(0, len(lengths), max(self.lists, least)))
        else:
            assert self.documents is not None
            cuts = _cut_by_sum(lengths, self.documents, least)
        if len(cuts) > 1 and len(lengths) - cuts[-1] < least:
            cuts.pop()
        return [*cuts, len(lengths)]

    def about(self, lengths: Tensor) -> int:
        """Lists of an average batch."""
        if self.lists is not None:
            return self.lists
        assert self.documents is not None
        return max(1, self.documents * len(lengths) // max(1, int(lengths.sum())))


class TrainingBatches:
    """Batches of lists that can teach, in another random order each epoch.

    A list whose documents all have the same grade has no pair to learn from and is left out.

    The batches of an epoch follow from the seed and the epoch alone. With several ranks each takes
    its share of the lists of every batch, so all have as many batches, and together they see what
    one rank alone would. So a position (epoch, batch) says all there is to know for going on in the
    middle of an epoch, also with another number of ranks.

    Args:
        lists: Where the batches are read from.
        size: Of a batch, over all ranks; a number counts lists.
        seed: The same seed gives the same batches.
        rank: This process among ``num_ranks``.
        num_ranks: Processes that share every batch.
        ahead: Batches made by a thread in the background while one is worked on; 0 for none.

    Raises:
        ValueError: ``size`` is not positive, or there is no such rank.
        ListsError: No list has two grades, or fewer than there are ranks.

    Example:
        Go on where a killed process stopped::

            batches = TrainingBatches(lists, size=200, seed=7)
            batches.load_state_dict(saved)  # what state_dict gave before
            for batch in batches:  # the rest of its epoch; iterate again for the next
                ...
    """

    def __init__(
        self,
        lists: Lists,
        *,
        size: BatchSize | int,
        seed: int,
        rank: int = 0,
        num_ranks: int = 1,
        ahead: int = 0,
    ) -> None:
        self.size = BatchSize(lists=size) if isinstance(size, int) else size
        if not 0 <= rank < num_ranks:
            msg = f"rank must be from 0 to num_ranks - 1; got {rank} of {num_ranks}"
            raise ValueError(msg)
        self.lists, self.seed, self.ahead = lists, seed, ahead
        self.rank, self.num_ranks = rank, num_ranks
        self.numbers = teaching_lists(lists).nonzero().squeeze(1)
        """[lists] int64: the numbers of the lists that are used."""
        self.num_left_out = len(lists) - len(self.numbers)
        """How many lists have fewer than two grades."""
        self.position = Position()
        """What comes next."""
        _require_enough(lists, len(self.numbers), num_ranks)

    def __len__(self) -> int:
        """Batches of the present epoch: a number of documents fills more of them in some."""
        return len(self._plan(self.position.epoch)[1]) - 1

    def __iter__(self) -> Iterator[RankingBatch]:
        """What is left of the present epoch; when it is at its end, the next one is present."""
        return self.present()

    def present(
        self, through: Callable[[Iterator[RankingBatch]], Iterator[RankingBatch]] = iter
    ) -> Iterator[RankingBatch]:
        """The same, where ``through`` may take batches before they are asked for.

        The position is that of the batch that was given out, not of one that was only taken.
        """
        epoch = self.position.epoch
        for batch in through(self.epoch(epoch, start=self.position.batch)):
            self.position = Position(epoch, self.position.batch + 1)
            yield batch
        self.position = Position(epoch + 1)

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[RankingBatch]:
        """The batches of one epoch from number ``start`` on; an epoch has each list exactly once.

        With ``ahead`` close the iterator, or use it up: its thread ends with it.
        """
        order, cuts = self._plan(epoch)
        parts = [order[a:b] for a, b in pairwise(cuts)][start:]
        made = (self.lists.gather(part[self.rank :: self.num_ranks]) for part in parts)
        return prefetched(made, self.ahead) if self.ahead else made

    def state_dict(self) -> dict[str, int]:
        """The position, and what it is a position in."""
        return {"epoch": self.position.epoch, "batch": self.position.batch, **self._identity()}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go to a position; the number of ranks may be another one than it was taken with.

        Raises:
            ValueError: It was taken with other lists, another seed or another size of batches.
        """
        for name, here in self._identity().items():
            if state[name] != here:
                msg = f"the position is one of batches of {name} {state[name]}; these have {here}"
                raise ValueError(msg)
        self.position = Position(state["epoch"], state["batch"])

    def _identity(self) -> dict[str, int]:
        size = {"batch_lists": self.size.lists or 0, "batch_documents": self.size.documents or 0}
        return {"seed": self.seed, "lists": len(self.numbers), **size, "bucket": self.size.bucket}

    def _plan(self, epoch: int) -> tuple[Tensor, list[int]]:
        """Numbers of lists in the order of an epoch, and where its batches are cut."""
        chance = generator(self.seed, "order", epoch)
        order = self.numbers[torch.randperm(len(self.numbers), generator=chance)]
        lengths = self.lists.lengths[order]
        if self.size.bucket > 1:
            order = order[_by_length(lengths, self.size.about(lengths) * self.size.bucket)]
        cuts = self.size.cut(self.lists.lengths[order], self.num_ranks)
        if self.size.bucket > 1:
            return _shuffle_batches(order, cuts, chance)
        return order, cuts


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a training: so many batches of an epoch have been given out."""

    epoch: int = 1
    batch: int = 0


def sequential_batches(lists: Lists, *, lists_per_batch: int) -> Iterator[RankingBatch]:
    """All lists in the order of the files, those included that teach nothing."""
    numbers, cuts = torch.arange(len(lists)), BatchSize(lists=lists_per_batch).cut(lists.lengths)
    for start, end in pairwise(cuts):
        yield lists.gather(numbers[start:end])


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


def _cut_by_sum(lengths: Tensor, most: int, least: int) -> list[int]:
    """Where runs of ``lengths`` begin whose sum is at most ``most``, or that are ``least`` long."""
    ends, cuts, start = lengths.cumsum(0), list[int](), 0
    while start < len(lengths):
        cuts.append(start)
        before = int(ends[start - 1]) if start else 0
        fit = int(torch.searchsorted(ends, before + most, right=True))
        start = max(fit, start + least)
    return cuts


def _by_length(lengths: Tensor, window: int) -> Tensor:
    """The order in which each ``window`` of lists is sorted by length."""
    windows = torch.arange(len(lengths)) // window
    return torch.argsort(windows * (int(lengths.max()) + 1) + lengths, stable=True)


def _shuffle_batches(
    order: Tensor, cuts: list[int], chance: torch.Generator
) -> tuple[Tensor, list[int]]:
    """The same batches in random order: a model must not see short lists before long ones."""
    parts = [order[a:b] for a, b in pairwise(cuts)]
    parts = [parts[i] for i in torch.randperm(len(parts), generator=chance).tolist()]
    ends = torch.tensor([0, *(len(part) for part in parts)]).cumsum(0)
    return torch.cat(parts), ends.tolist()


def _require_enough(lists: Lists, num_teaching: int, num_ranks: int) -> None:
    if not num_teaching:
        msg = (
            f"there is nothing to learn: none of the {len(lists)} lists of the {lists.split} "
            "split has documents of two different grades"
        )
        raise ListsError(msg)
    if num_teaching < num_ranks:
        msg = (
            f"{num_ranks} ranks need a list each; only {num_teaching} lists of the {lists.split} "
            "split have documents of two different grades"
        )
        raise ListsError(msg)
