"""Random generators that depend on what they are for, not on what was drawn before."""

import hashlib

import torch


def generator(*parts: int | str) -> torch.Generator:
    """A CPU generator whose seed is mixed from all parts, e.g. (seed, "negatives", epoch, batch).

    Because nothing is carried from one draw to the next, any batch of any epoch can be made again
    by itself, and one draw more in one place moves no other.

    Example:
        >>> generator(7, "order", 1).initial_seed() == generator(7, "order", 2).initial_seed()
        False
    """
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
