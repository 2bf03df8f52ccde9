"""Blocks of one positive and ``num_neg`` negatives: what the sampled losses are given.

A positive is a document of grade above 0, and a negative of it any document of the same list with a
strictly lower grade: a grade 1 may be the negative of a grade 2, as in every pairwise loss here.
"""

import torch
from torch import Tensor


def sample_negatives(
    grades: Tensor, lengths: Tensor, *, num_neg: int, generator: torch.Generator
) -> Tensor:
    """Draw negatives for every positive of a batch, uniformly from its list.

    They are drawn without replacement; where a positive has fewer than ``num_neg`` negatives, with
    replacement; where it has none, it makes no block.

    Args:
        grades: [docs], lists one after another.
        lengths: [lists], documents per list.
        num_neg: Negatives per positive.
        generator: The only source of chance, see `ltr.data.seeds`.

    Returns:
        [blocks * (1 + num_neg)] int64: numbers of documents in the batch, block after block, the
        positive first. ``scores[indices]`` and ``grades[indices]`` are what the loss takes.

    Raises:
        ValueError: ``num_neg`` is not positive.

    Example:
        >>> chance = torch.Generator().manual_seed(0)
        >>> grades = torch.tensor([0.0, 2.0, 0.0, 0.0])
        >>> sample_negatives(grades, torch.tensor([2, 2]), num_neg=1, generator=chance)
        tensor([1, 0])
    """
    if num_neg < 1:
        msg = f"num_neg must be at least 1; got {num_neg}"
        raise ValueError(msg)
    order, starts, num_lower = _by_grade(grades, lengths)
    blocks = ((grades[order] > 0) & (num_lower > 0)).nonzero().squeeze(1)
    drawn = _draw(num_lower[blocks], num_neg, generator)
    negatives = order[starts[blocks].unsqueeze(1) + drawn]
    return torch.cat([order[blocks].unsqueeze(1), negatives], dim=1).flatten()


def _by_grade(grades: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Sort each list by grade, so that the negatives of a document are the first of its list.

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
    place = torch.arange(num_docs)
    # The first place of each run of equal grades within a list; cummax carries it along the run.
    is_new = place == starts
    is_new[1:] |= ranked[1:] != ranked[:-1]
    run_start = torch.where(is_new, place, 0).cummax(0).values
    return order, starts, run_start - starts


def _draw(sizes: Tensor, num_neg: int, generator: torch.Generator) -> Tensor:
    """Per row, ``num_neg`` numbers below its size; all different where the size allows.

    Floyd's algorithm, a column at a time: column i draws t from 0 ... j with j = size - num_neg + i
    and takes j itself if t is taken already. Every subset is equally likely.
    """
    chance = torch.rand(len(sizes), num_neg, generator=generator, dtype=torch.float64)
    drawn = torch.empty(len(sizes), num_neg, dtype=torch.int64)
    is_enough = sizes >= num_neg
    for i in range(num_neg):
        last = torch.where(is_enough, sizes - num_neg + i, sizes - 1)
        number = (chance[:, i] * (last + 1)).long()
        is_taken = (drawn[:, :i] == number.unsqueeze(1)).any(1)
        drawn[:, i] = torch.where(is_enough & is_taken, last, number)
    return drawn
