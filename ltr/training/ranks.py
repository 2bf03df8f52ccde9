"""What a process of a training says when another one is gone."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed as dist

from ltr.errors import LtrError

_SIGNS = ("gloo/transport", "Connection closed by peer", "Connection reset by peer")
"""How gloo says it; it has no type of its own for it."""


class LostRankError(LtrError, RuntimeError):
    """Another process of the training is gone; that one, or its launcher, knows why."""

    exit_code = 1


@contextmanager
def noticing_lost_ranks() -> Iterator[None]:
    """Raise `LostRankError` where a collective operation fails because a process is gone.

    Example:
        >>> with noticing_lost_ranks():
        ...     raise RuntimeError("Connection closed by peer")
        Traceback (most recent call last):
        ltr.training.ranks.LostRankError: another process is gone: Connection closed by peer
    """
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and not any(s in str(error) for s in _SIGNS):
            raise
        msg = f"another process is gone: {error}".partition("\n")[0]
        raise LostRankError(msg) from error
