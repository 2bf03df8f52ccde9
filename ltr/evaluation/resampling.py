"""Counts of an ordinary bootstrap resample, and random signs, in blocks of bounded memory.

A resample of n lists drawn with replacement is the vector of how often each list was drawn, and
that vector is Multinomial(n; 1/n, …, 1/n). Drawing it list by list costs a random memory access
per draw. Independent Poisson(r) counts with r a little below 1 need none: one random byte and one
look-up in 256 bytes each. Given their sum t they are Multinomial(t; 1/n, …), so n - t further
lists drawn with replacement make them exactly the ordinary resample, not an approximation of it.
A row whose sum is above n (3 standard deviations away) is drawn anew as a whole, which leaves it
Multinomial(n) too, because only the sum was looked at.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import stats

Counts = npt.NDArray[np.uint8]

# 4 MB of counts at a time, within rows that a matrix product makes good use of.
CELLS_AT_A_TIME = 4_000_000
FEWEST_ROWS, MOST_ROWS = 16, 256
# The fewest draws in all: more below 1 is more to top up, less is more rows to draw anew.
BELOW_IN_SIGMAS = 3.0
# The byte that says "none of the tabulated counts": drawn from what the table rounds away.
RARE = 255


def generator(seed: int) -> np.random.Generator:
    """The random numbers of a seed, from the fastest of numpy's generators for whole words.

    Example:
        >>> generator(1).random() == generator(1).random()
        True
    """
    return np.random.Generator(np.random.PCG64DXSM(seed))


def resample_counts(lists: int, resamples: int, rng: np.random.Generator) -> Iterator[Counts]:
    """How often each list is drawn in each of the resamples of an ordinary bootstrap.

    Args:
        lists: Number of lists, at least 1.
        resamples: Number of resamples.
        rng: Where the draws come from.

    Yields:
        UInt8 ``[block, lists]``, rows that each sum to ``lists``; ``resamples`` rows in all.

    Example:
        >>> [block.sum(axis=1).tolist() for block in resample_counts(5, 3, generator(0))]
        [[5, 5, 5]]
    """
    rate = max(0.0, 1 - BELOW_IN_SIGMAS / lists**0.5)
    table, rare = _poisson_table(rate)
    for rows in _blocks(lists, resamples):
        counts = _poisson(rows, lists, table, rare, rng)
        missing = lists - counts.sum(axis=1, dtype=np.uint32).astype(np.int64)
        counts[missing < 0] = 0
        missing[missing < 0] = lists
        row = np.repeat(np.arange(rows) * lists, missing)
        # Not counts[...] += 1: a list that is drawn twice would count once. A plain int is slow.
        np.add.at(counts.reshape(-1), row + rng.integers(lists, size=len(row)), np.uint8(1))
        yield counts


def sign_flips(lists: int, flips: int, rng: np.random.Generator) -> Iterator[Counts]:
    """Which lists keep their sign under the random flips of a randomisation test.

    Args:
        lists: Number of lists.
        flips: Number of flips.
        rng: Where the bits come from.

    Yields:
        UInt8 0 or 1 ``[block, lists]``; ``flips`` rows in all.

    Example:
        >>> [block.shape for block in sign_flips(5, 3, generator(0))]
        [(3, 5)]
    """
    for rows in _blocks(lists, flips):
        cells = rows * lists
        yield np.unpackbits(_random_bytes(-(-cells // 8), rng), count=cells).reshape(rows, lists)


def _blocks(lists: int, rows: int) -> list[int]:
    step = min(max(FEWEST_ROWS, CELLS_AT_A_TIME // lists), MOST_ROWS)
    return [last - first for first, last in pairwise([*range(0, rows, step), rows])]


def _poisson_table(rate: float) -> tuple[bytes, npt.NDArray[np.float64]]:
    """What each byte stands for, and the cumulative probabilities of what :data:`RARE` does."""
    probabilities = stats.poisson.pmf(np.arange(32), rate)
    bytes_each = np.floor(probabilities * 256).astype(int)
    table = np.repeat(np.arange(32, dtype=np.uint8), bytes_each)
    left = np.cumsum(probabilities - bytes_each / 256)
    padded = np.full(256, RARE, dtype=np.uint8)
    padded[: len(table)] = table
    return padded.tobytes(), left / left[-1] if left[-1] else left


def _poisson(
    rows: int,
    lists: int,
    table: bytes,
    rare: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> Counts:
    drawn = bytearray(_random_bytes(rows * lists, rng)).translate(table)
    counts = np.frombuffer(drawn, dtype=np.uint8)
    again = np.flatnonzero(counts == RARE)
    counts[again] = np.searchsorted(rare, rng.random(len(again)), side="right")
    return counts.reshape(rows, lists)


def _random_bytes(size: int, rng: np.random.Generator) -> Counts:
    words = rng.bit_generator.random_raw(-(-size // 8))
    # Little-endian on every machine: the same seed gives the same bytes.
    return np.asarray(words).astype("<u8", copy=False).view(np.uint8)[:size]
