"""How fast to learn at a step: a warm-up, then a decay to nothing at the last step."""

import math
from typing import Literal, TypeAlias

Decay: TypeAlias = Literal["none", "linear", "cosine"]


def rate_factor(step: int, *, warmup: int, decay: Decay, last: int) -> float:
    """What the learning rates are multiplied by.

    Args:
        step: From 0, the step that is about to be made.
        warmup: Steps in which the factor grows evenly to 1.
        decay: How it falls after them, to 0 after the step ``last``.
        last: Number of steps, if no early stopping ends the training.

    Example:
        >>> [rate_factor(s, warmup=2, decay="linear", last=6) for s in range(6)]
        [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    if step < warmup:
        return (step + 1) / warmup
    if decay == "none":
        return 1.0
    done = min(1.0, (step - warmup) / max(1, last - warmup))
    return 1 - done if decay == "linear" else (1 + math.cos(math.pi * done)) / 2
