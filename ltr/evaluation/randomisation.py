"""The paired randomisation (sign-flip) test of two rankers over the same lists.

If the two rankers do equally well, the sign of each list's difference is a coin's throw. The
p-value is the share of sign patterns whose mean difference is at least as far from 0 as the one
seen (Smucker, Allan and Carterette, A Comparison of Statistical Significance Tests for
Information Retrieval Evaluation, CIKM 2007). With few lists all patterns are counted; otherwise
random ones are, and the pattern seen is counted among them, so that the p-value is never 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ltr.evaluation.bootstrap import product, weighted_means
from ltr.evaluation.columns import Columns, one_column, paired_columns
from ltr.evaluation.resampling import Counts, generator, sign_flips
from ltr.metrics import Blank

Floats = npt.NDArray[np.float64]

# Sums that are equal on paper differ by rounding; a share of the sum of the absolute differences.
ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, slots=True)
class Randomisation:
    """What a paired randomisation test found.

    Attributes:
        difference: Mean of values - baseline, in their unit. NaN if no list counts.
        p_value: Probability of a difference at least this far from 0, on either side, between
            rankers that do equally well. NaN if no list counts.
        flips: Number of sign patterns that were looked at.
        exact: Whether these were all there are.
        lists: Number of lists that count.
        blank: Number of lists that miss either value, whether they count or not.
    """

    difference: float
    p_value: float
    flips: int
    exact: bool
    lists: int
    blank: int


def randomisation_test(
    values: npt.ArrayLike,
    baseline: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    blank: Blank = "skip",
    flips: int = 10_000,
    seed: int = 0,
) -> Randomisation:
    """Two-sided paired randomisation test that two rankers do equally well over lists.

    Args:
        values: Float ``[lists]``, NaN where a list has no value.
        baseline: Float ``[lists]``, the same lists in the same order.
        weights: Float ``[lists]``, not negative: the test of the weighted mean difference.
        blank: What a missing value counts as, on either side, decided before any flip.
        flips: Number of random sign patterns. If there are no more patterns than that, each is
            looked at once and the p-value is exact.
        seed: Of the flips: the same seed and values give the same p-value, in any order of lists.

    Returns:
        The difference and its p-value.

    Raises:
        ValueError: The two differ in length, or an argument is outside its range.

    Example:
        >>> found = randomisation_test([0.9, 0.5, 0.7, 0.8], [0.8, 0.3, 0.6, 0.5])
        >>> print(f"{found.difference:+.3f}, p = {found.p_value:.3f}, all {found.flips} patterns")
        +0.175, p = 0.125, all 16 patterns
    """
    ours, theirs = one_column(values, "values"), one_column(baseline, "baseline")
    columns = paired_columns(ours, theirs, weights=weights, blank=blank)
    return _tests(columns, flips, seed)[0]


def randomisation_tests(
    values: npt.ArrayLike,
    baseline: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    members: npt.ArrayLike | None = None,
    blank: Blank = "skip",
    flips: int = 10_000,
    seed: int = 0,
) -> tuple[Randomisation, ...]:
    """The test for many metrics or slices at once, on the same flips; :func:`holm` comes after it.

    Args:
        values: Float ``[lists, columns]``, NaN where a list has no value.
        baseline: Float ``[lists, columns]``, the same lists and columns.
        weights: As in :func:`randomisation_test`.
        members: Bool ``[lists, columns]``, False where a list is outside the column's slice.
        blank: As in :func:`randomisation_test`.
        flips: As in :func:`randomisation_test`; the patterns are those of all lists together.
        seed: Of the flips.

    Returns:
        One result per column.

    Raises:
        ValueError: As :func:`randomisation_test`, or ``members`` has another shape.

    Example:
        >>> found = randomisation_tests([[0.9, 1.0], [0.5, 1.0]], [[0.8, 1.0], [0.3, 1.0]])
        >>> [one.p_value for one in found]
        [0.5, 1.0]
    """
    columns = paired_columns(values, baseline, weights=weights, members=members, blank=blank)
    return _tests(columns, flips, seed)


def _tests(columns: Columns, flips: int, seed: int) -> tuple[Randomisation, ...]:
    if flips < 1:
        msg = f"flips must be at least 1; got {flips}"
        raise ValueError(msg)
    masses = np.where(np.isnan(columns.values), 0.0, columns.weights)
    parts = np.where(masses > 0, masses * columns.values, 0.0)
    lists = len(parts)
    exact = lists < flips.bit_length()
    patterns = _all_patterns(lists) if exact else sign_flips(lists, flips, generator(seed))
    parts = parts[np.lexsort(parts.T)]
    seen = _as_far_from_zero(parts, patterns)
    # The pattern that was seen is one of all; among random ones it is counted besides.
    shares = seen / 2**lists if exact else (seen + 1) / (flips + 1)
    means = weighted_means(columns.values, masses)
    return tuple(
        Randomisation(
            difference=float(mean),
            p_value=float(share) if count else float("nan"),
            flips=2**lists if exact else flips,
            exact=exact,
            lists=int(count),
            blank=int(blank),
        )
        for mean, share, count, blank in zip(
            means, shares, columns.lists, columns.blank, strict=True
        )
    )


def _as_far_from_zero(parts: Floats, patterns: Iterator[Counts]) -> npt.NDArray[np.int64]:
    total, slack = parts.sum(axis=0), ROUNDING * np.abs(parts).sum(axis=0)
    far = np.zeros(parts.shape[1], dtype=np.int64)
    for kept in patterns:
        # What is kept less what is flipped, with one product of zeros and ones.
        sums = 2 * product(kept, parts) - total
        far += np.count_nonzero(np.abs(sums) >= np.abs(total) - slack, axis=0)
    return far


def _all_patterns(lists: int) -> Iterator[Counts]:
    numbers = np.arange(2**lists)[:, None]
    yield (numbers >> np.arange(lists) & 1).astype(np.uint8)
