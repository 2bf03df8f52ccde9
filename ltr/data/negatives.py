"""Blocks of one positive and ``num_neg`` negatives: what the sampled losses are given.

A positive is a document of grade above 0, and a negative of it any document of the same list with a
strictly lower grade: a grade 1 may be the negative of a grade 2, as in every pairwise loss here.
With ``source="batch"`` the batch counts as one list, so that negatives come from all its lists.

| negatives | by | a positive with fewer than ``num_neg`` |
|---|---|---|
| uniform, all different | :func:`sample_negatives` | draws all with replacement |
| by popularity, with replacement | ``sample_negatives(popularity=)`` | is no exception |
| highest scores first | :func:`hardest_negatives` | begins again with the hardest |

In each a positive without a negative makes no block. How many blocks there are depends on the
grades, so on an accelerator these functions wait for it once.
"""

from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

import torch
from torch import Tensor

from ltr.lists import check_choice

Source: TypeAlias = Literal["list", "batch"]


def sample_negatives(
    grades: Tensor,
    lengths: Tensor,
    *,
    num_neg: int,
    generator: torch.Generator,
    popularity: Tensor | None = None,
    source: Source = "list",
) -> Tensor:
    """Draw negatives for every positive of a batch, uniformly or by popularity.

    Uniformly, they are drawn without replacement; where a positive has fewer than ``num_neg``
    negatives, with replacement. By popularity they are drawn with replacement, each with exactly
    the probability popularity / sum of the popularity of the positive's negatives. A loss takes out
    what that favours by ``log_q=popularity.log()[indices]`` (the sum is the same for a block).

    Args:
        grades: [docs], lists one after another.
        lengths: [lists], documents per list.
        num_neg: Negatives per positive.
        generator: The only source of chance, see `ltr.data.seeds`; on the device of the grades.
        popularity: [docs] above 0, e.g. how often the log has the document; None: uniform.
        source: "list" for negatives of the positive's list, "batch" for those of all lists.

    Returns:
        [blocks * (1 + num_neg)] int64: numbers of documents in the batch, block after block, the
        positive first. ``scores[indices]`` and ``grades[indices]`` are what the loss takes.

    Raises:
        ValueError: ``num_neg`` or a popularity is not positive, or ``source`` is another word.

    Example:
        >>> chance = torch.Generator().manual_seed(0)
        >>> grades = torch.tensor([0.0, 2.0, 0.0, 0.0])
        >>> sample_negatives(grades, torch.tensor([2, 2]), num_neg=1, generator=chance)
        tensor([1, 0])
    """
    blocks = _Blocks.of(grades, lengths, num_neg, source)
    chance = torch.rand(
        len(blocks.positives),
        num_neg,
        generator=generator,
        dtype=torch.float64,
        device=grades.device,
    )
    if popularity is None:
        return blocks.with_negatives(blocks.starts.unsqueeze(1) + _draw(blocks.num_lower, chance))
    _check_popularity(popularity, grades)
    return blocks.with_negatives(_draw_by_popularity(blocks, popularity, chance))


def hardest_negatives(
    grades: Tensor, lengths: Tensor, scores: Tensor, *, num_neg: int, source: Source = "list"
) -> Tensor:
    """Take the negatives with the highest current scores for every positive of a batch.

    Nothing is left to chance: equal scores go by grade, then by their place in the batch. Takes
    O(n log n) for a batch of n documents, whatever its lists and grades.

    Args:
        grades: [docs], lists one after another.
        lengths: [lists], documents per list.
        scores: [docs], on the device of the grades; no gradient passes.
        num_neg: Negatives per positive.
        source: "list" for negatives of the positive's list, "batch" for those of all lists.

    Returns:
        [blocks * (1 + num_neg)] int64, as :func:`sample_negatives`: in a block the positive, then
        its negatives, the hardest first; where there are fewer, again from the hardest on.

    Raises:
        ValueError: ``num_neg`` is not positive, shapes differ, or ``source`` is another word.

    Example:
        >>> grades, scores = torch.tensor([0.0, 1.0, 0.0, 0.0]), torch.tensor([0.1, 0.2, 0.9, 0.5])
        >>> hardest_negatives(grades, torch.tensor([4]), scores, num_neg=2)
        tensor([1, 2, 3])
    """
    _check_docs("scores", scores, grades)
    blocks = _Blocks.of(grades, lengths, num_neg, source)
    ranked = scores.detach()[blocks.order].double()
    hardest = _running_best(ranked, blocks.before, num_neg)
    # The last place with a lower grade has seen all that have one.
    found = hardest[blocks.starts + blocks.num_lower - 1]
    turn = torch.arange(num_neg, device=grades.device) % blocks.num_lower.unsqueeze(1)
    return blocks.with_negatives(found.gather(1, turn))


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Each list sorted by grade, so that the negatives of a document are the first of its list."""

    order: Tensor
    """[docs]: the document at each place."""
    before: Tensor
    """[docs]: places of the same list before each place."""
    positives: Tensor
    """[blocks]: place of the positive."""
    starts: Tensor
    """[blocks]: place of its first negative."""
    num_lower: Tensor
    """[blocks]: how many negatives it has, at least 1."""

    @classmethod
    def of(cls, grades: Tensor, lengths: Tensor, num_neg: int, source: Source) -> Self:
        check_choice("source", source, Source)
        if num_neg < 1:
            msg = f"num_neg must be at least 1; got {num_neg}"
            raise ValueError(msg)
        if source == "batch":
            lengths = lengths.sum().unsqueeze(0)
        order, starts, num_lower = _by_grade(grades, lengths)
        positives = ((grades[order] > 0) & (num_lower > 0)).nonzero().squeeze(1)
        before = torch.arange(len(grades), device=grades.device) - starts
        return cls(order, before, positives, starts[positives], num_lower[positives])

    def with_negatives(self, places: Tensor) -> Tensor:
        """The documents of all blocks, given the places [blocks, num_neg] of the negatives."""
        positives = self.order[self.positives].unsqueeze(1)
        return torch.cat([positives, self.order[places]], dim=1).flatten()


def _by_grade(grades: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Sort each list by grade.

    Returns:
        Per place in that order: the document, where its list starts, and how many documents of its
        list have a lower grade; each [docs] int64.
    """
    num_docs = len(grades)
    of_list = torch.repeat_interleave(lengths, output_size=num_docs)
    order = grades.argsort(stable=True)
    order = order[of_list[order].argsort(stable=True)]
    starts = (lengths.cumsum(0) - lengths)[of_list]
    ranked = grades[order]
    place = torch.arange(num_docs, device=grades.device)
    # The first place of each run of equal grades within a list; cummax carries it along the run.
    is_new = place == starts
    is_new[1:] |= ranked[1:] != ranked[:-1]
    run_start = torch.where(is_new, place, 0).cummax(0).values
    return order, starts, run_start - starts


def _draw(sizes: Tensor, chance: Tensor) -> Tensor:
    """Per row of ``chance``, numbers below its size; all different where the size allows.

    Floyd's algorithm, a column at a time: column i draws t from 0 ... j with j = size - num_neg + i
    and takes j itself if t is taken already. Every subset is equally likely.
    """
    num_neg = chance.shape[1]
    is_enough = sizes >= num_neg
    # A row per column of ``chance``: what is compared at once lies at once.
    first = torch.where(is_enough, sizes - num_neg, sizes - 1)
    last = first + torch.arange(num_neg, device=sizes.device).unsqueeze(1) * is_enough
    drawn = (chance.t() * (last + 1)).long()
    for i in range(1, num_neg):
        is_taken = (drawn[:i] == drawn[i]).any(0) & is_enough
        drawn[i] = torch.where(is_taken, last[i], drawn[i])
    return drawn.t()


def _draw_by_popularity(blocks: _Blocks, popularity: Tensor, chance: Tensor) -> Tensor:
    """Per row of ``chance``, places of its block's negatives, by where it falls in their sum."""
    total = popularity[blocks.order].double().cumsum(0)
    total = torch.cat([total.new_zeros(1), total])
    first, end = blocks.starts.unsqueeze(1), (blocks.starts + blocks.num_lower).unsqueeze(1)
    low, high = total[first], total[end]
    places = torch.searchsorted(total, low + chance * (high - low), right=True) - 1
    # The sum may round up to its end.
    return places.clamp(min=first, max=end - 1)


def _running_best(scores: Tensor, before: Tensor, count: int) -> Tensor:
    """Per place, the ``count`` places with the highest scores of its list up to itself.

    By doubling: what a place knows of the last 1, 2, 4 ... places joins what the place before those
    knows. Where there are fewer than ``count``, -1 comes last.
    """
    lowest = torch.finfo(scores.dtype).min
    scores = scores.clamp(min=lowest)
    best = torch.full((len(scores), count), -1, device=scores.device)
    best[:, 0] = torch.arange(len(scores), device=scores.device)
    step, longest = 1, int(before.max()) + 1 if len(before) else 0
    while step < longest:
        earlier = torch.where((before >= step).unsqueeze(1), best.roll(step, 0), -1)
        both = torch.cat([earlier, best], dim=1)
        ranked = torch.where(both >= 0, scores[both], -torch.inf)
        order = ranked.argsort(dim=1, descending=True, stable=True)
        best = both.gather(1, order[:, :count])
        step *= 2
    return best


def _check_popularity(popularity: Tensor, grades: Tensor) -> None:
    _check_docs("popularity", popularity, grades)
    if not bool(((popularity > 0) & popularity.isfinite()).all()):
        msg = f"popularity must be above 0 and finite; got {float(popularity.min())} as the least"
        raise ValueError(msg)


def _check_docs(name: str, tensor: Tensor, grades: Tensor) -> None:
    if tensor.shape != grades.shape:
        want, got = list(grades.shape), list(tensor.shape)
        msg = f"{name} must have the shape of grades, {want}; got {got}"
        raise ValueError(msg)
