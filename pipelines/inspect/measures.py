"""How far apart two samples are, and how far apart chance alone puts them.

Under no change the population stability index (a symmetrised Kullback-Leibler divergence) of two
samples of n and m over B bins is distributed as (1/n + 1/m) times chi-square with B - 1 degrees of
freedom (Yurdakul and Naranjo, Statistical properties of the population stability index, Journal of
Risk Model Validation 14(4), 2020). Documents of one list are alike, so n and m here are lists, the
fewest independent observations that there can be: the true noise is at most what is said.
"""

from math import exp, inf, sqrt

import numpy as np
from scipy.stats import chi2

from pipelines.inspect.counts import Share
from pipelines.inspect.grid import Numbers
from pipelines.inspect.shards import Array

CHANCE = 0.001
"""How rarely chance alone passes the noise level."""
DEVIATIONS = 3.29
"""The same for a normal deviate, both sides together."""
FEW_LISTS = 30
DECILES = tuple(np.arange(1, 10) / 10)


def stability(reference: Array, candidate: Array) -> float:
    """Return the population stability index of two histograms over the same bins.

    Half a count is added to every bin, so that an empty one does not make it infinite; a bin that
    is empty in both says nothing.

    Args:
        reference: [bins] counts.
        candidate: [bins] counts.

    Example:
        >>> print(f"{stability(np.array([900, 100]), np.array([800, 200])):.3f}")
        0.081
    """
    seen = (reference + candidate) > 0
    old, new = (_smoothed(counts[seen]) for counts in (reference, candidate))
    return float(np.sum((new - old) * np.log(new / old)))


def stability_noise(bins: int, lists: tuple[int, int]) -> float:
    """Return what the index exceeds by chance once in a thousand times, without any change.

    Example:
        >>> print(f"{stability_noise(10, (2000, 2000)):.3f}")
        0.028
    """
    if bins < 2:
        return 0.0
    return float(chi2.ppf(1 - CHANCE, bins - 1)) * _inverse(lists)


def share_noise(reference: Share, candidate: Share) -> float:
    """Return what the difference of two shares exceeds by chance once in a thousand times.

    At least as much as if every unit was drawn by itself from both together, two hits and two
    misses added (Agresti and Caffo 2000): a share of 0 or 1 shows no error of its own.
    """
    sides = reference, candidate
    units = [_independent(side) for side in sides]
    if 0 in units:
        return inf
    shares = zip(sides, units, strict=True)
    hits = sum((side.value or 0.0) * number for side, number in shares)
    pooled = (hits + 2) / (sum(units) + 4)
    drawn = pooled * (1 - pooled) * sum(1 / number for number in units)
    return DEVIATIONS * sqrt(max(sum(side.error**2 for side in sides), drawn))


def _independent(share: Share) -> int:
    """Return how many units count as drawn one by one.

    Lists where they are too few to show how alike the documents of one list are.
    """
    return share.units if share.lists >= FEW_LISTS else min(share.lists, share.units)


def ratio(reference: Share, candidate: Share) -> tuple[float, float]:
    """Return the factor between two shares, at least 1, and the factor that chance may make.

    Example:
        >>> old, new = Share(), Share()
        >>> old.add(np.full(500, 1), np.full(500, 10))
        >>> new.add(np.full(500, 3), np.full(500, 10))
        >>> print("{:.2f}".format(ratio(old, new)[0]))
        3.00
    """
    rates = [(share.hits + 0.5) / (share.units + 1) for share in (reference, candidate)]
    # The smallest error is that of a count: lists that are all alike still were a sample.
    errors = [
        max(share.error / rate, 1 / sqrt(min(share.hits, _independent(share)) + 0.5))
        for share, rate in zip((reference, candidate), rates, strict=True)
    ]
    spread = DEVIATIONS * sqrt(sum(error**2 for error in errors))
    return max(rates) / min(rates), exp(spread) if spread < 50 else inf


def binned(reference: Numbers, candidate: Numbers) -> tuple[Array, Array]:
    """Count two columns of numbers over the deciles of the reference; [bins] each.

    Deciles that fall together make one bin: a column of two values has two. Missing numbers are a
    bin of their own. They are stored as the mean is, and a number of the log may be the mean, too,
    on one night and not on the other: of the two readings, the one that moved less is taken.
    """
    exponent = max(reference.exponent, candidate.exponent)
    old, new = reference.coarsened(exponent), candidate.coarsened(exponent)
    (known_old, filled_old), (known_new, filled_new) = old.without_filled(), new.without_filled()
    known = _over_deciles(known_old, known_new)
    apart = (np.append(known[0], filled_old), np.append(known[1], filled_new))
    together = _over_deciles(old, new)
    return together if stability(*together) < stability(*apart) else apart


def _over_deciles(old: Numbers, new: Numbers) -> tuple[Array, Array]:
    found = {old.quantile(share) for share in DECILES} - {None}
    cuts = np.array(sorted(cut for cut in found if cut is not None))
    return _over(cuts, old.points, old.counts), _over(cuts, new.points, new.counts)


def binned_lengths(reference: Array, candidate: Array) -> tuple[Array, Array]:
    """Count list lengths over the deciles of the reference; the arguments are lists per length."""
    until = np.cumsum(reference)
    cuts = np.unique([np.searchsorted(until, share * until[-1] - 1e-9) for share in DECILES])
    old, new = (_over(cuts, np.arange(len(one)), one) for one in (reference, candidate))
    return old, new


def _over(cuts: Array, points: Array, counts: Array) -> Array:
    return np.bincount(np.searchsorted(cuts, points), counts, len(cuts) + 1)


def _smoothed(counts: Array) -> Array:
    return np.asarray((counts + 0.5) / (counts.sum() + 0.5 * len(counts)))


def _inverse(lists: tuple[int, int]) -> float:
    return sum(1 / number if number else inf for number in lists)
