"""From one value per list to the loss that is trained on."""

from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

Reduction: TypeAlias = Literal["none", "mean", "sum"]


def reduce(values: Tensor, counted: Tensor, reduction: str, dtype: torch.dtype) -> Tensor:
    """Reduce one value per list.

    The mean divides by the lists that count, so a batch repeated four times, or one with lists that
    have nothing to compare, keeps its scale; where no list counts it is 0, with a zero gradient.

    Args:
        values: Float ``[lists]``; 0 for a list that does not count.
        counted: Bool ``[lists]``, True where the list has something to compare.
        reduction: "none", "mean" or "sum".
        dtype: Type of the result, that of the scores.

    Returns:
        ``[lists]`` for "none", else a scalar.

    Raises:
        ValueError: If ``reduction`` is another word.

    >>> values, counted = torch.tensor([2.0, 0.0, 4.0]), torch.tensor([True, False, True])
    >>> reduce(values, counted, "mean", torch.float32)
    tensor(3.)
    """
    check_choice("reduction", reduction, Reduction)
    if reduction == "mean":
        values = values.sum() / counted.sum().clamp(min=1)
    elif reduction == "sum":
        values = values.sum()
    return values.to(dtype)


def check_choice(name: str, value: object, literal: object) -> None:
    """Raise ``ValueError`` if the argument ``name`` is not a word of its ``Literal`` type."""
    allowed = get_args(literal)
    if value not in allowed:
        msg = f"{name} must be one of {allowed}; got {value!r}"
        raise ValueError(msg)
