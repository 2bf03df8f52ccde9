"""The position-based click model, fitted to counts by expectation maximisation.

A click needs the position to be examined, with probability e_p, and the document to be relevant,
with probability r_d, the two independent. Of a document that was not clicked nobody knows which of
the two failed: the E step says how likely each is, the M step counts (Chuklin, Markov and de Rijke,
Click Models for Web Search, 2015, eqs. 4.10 and 4.11).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_ROUNDS = 500
SETTLED = 1e-6
"""Examination that moves less than this in a round of EM has settled."""
TINY = 1e-12
START = 0.5
"""Of every examination and relevance: EM must not start at 0 or 1, which it never leaves."""


def fit_position_model(shown: Floats, clicks: Floats, positions: Ints, documents: Ints) -> Floats:
    """Examination of every position, on the scale that the fit ended at.

    Args:
        shown: Float ``[cells]``, how often a document was shown at a position.
        clicks: Float ``[cells]``, how often it was clicked there, at most ``shown``.
        positions: Int ``[cells]``, 0 = first.
        documents: Int ``[cells]``, 0 or more.

    Returns:
        Float ``[largest position + 1]``; only its ratios mean anything, and only between positions
        that documents connect. NaN for a position without a cell.

    Example:
        >>> cells = dict(positions=np.array([0, 1]), documents=np.array([0, 0]))
        >>> curve = fit_position_model(np.array([400.0, 100.0]), np.array([200.0, 25.0]), **cells)
        >>> round(float(curve[1] / curve[0]), 3)
        0.5
    """
    number = int(positions.max(initial=-1)) + 1
    totals = np.concatenate([np.bincount(positions, shown), np.bincount(documents, shown)])

    def clicked(point: Floats) -> tuple[Floats, Floats]:
        return point[:number][positions], point[number:][documents]

    def em(point: Floats) -> Floats:
        examined, relevant = clicked(point)
        # Of a document that was not clicked: 1 - e r is the probability of that.
        missed = (shown - clicks) / np.maximum(1 - examined * relevant, TINY)
        by_position = np.bincount(positions, clicks + missed * examined * (1 - relevant))
        by_document = np.bincount(documents, clicks + missed * relevant * (1 - examined))
        counted = np.concatenate([by_position, by_document])
        rates: Floats = np.full_like(totals, np.nan)
        np.divide(counted, totals, out=rates, where=totals > 0)
        return rates

    def likelihood(point: Floats) -> float:
        chance = np.clip(np.multiply(*clicked(point)), TINY, 1 - TINY)
        return float(clicks @ np.log(chance) + (shown - clicks) @ np.log1p(-chance))

    return _climb(em, likelihood, np.full(len(totals), START), number)[:number]


def _climb(
    em: Callable[[Floats], Floats],
    likelihood: Callable[[Floats], float],
    point: Floats,
    number: int,
) -> Floats:
    """Repeat EM, with a leap along its own direction where that is no step back.

    The leap is SQUAREM's (Varadhan and Roland, Scandinavian Journal of Statistics, 2008): plain EM
    creeps where examination and relevance can trade places.
    """
    for _ in range(MOST_ROUNDS):
        once = em(point)
        twice = em(once)
        step, bend = once - point, twice - 2 * once + point
        length = np.sqrt(np.nansum(step**2) / max(np.nansum(bend**2), TINY))
        leapt = np.clip(point + 2 * length * step + length**2 * bend, TINY, 1 - TINY)
        ahead = leapt if likelihood(leapt) > likelihood(twice) else twice
        settled = np.nanmax(np.abs(step[:number]), initial=0.0) < SETTLED
        point = ahead
        if settled:
            break
    return point
