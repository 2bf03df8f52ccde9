"""The smallest difference that a comparison over so many lists could have found."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from ltr.evaluation.bootstrap import weighted_means
from ltr.evaluation.columns import one_column, paired_columns
from ltr.metrics import Blank


@dataclass(frozen=True, kw_only=True, slots=True)
class Detectable:
    """How small a true difference a paired comparison finds.

    Attributes:
        difference: Smallest true difference, on either side of 0, that is found with probability
            ``power``; in the values' unit. NaN if fewer than two lists count.
        standard_deviation: Of the difference of one list, in the same unit: the standard error
            times the root of the lists. With unequal weights it holds what they cost.
        lists: Number of lists that ``difference`` is for.
        power: Probability that such a difference is found.
        confidence: 1 - the probability that a difference is found where there is none.
    """

    difference: float
    standard_deviation: float
    lists: int
    power: float
    confidence: float


def minimum_detectable_difference(
    values: npt.ArrayLike,
    baseline: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    blank: Blank = "skip",
    lists: int | None = None,
    power: float = 0.8,
    confidence: float = 0.95,
) -> Detectable:
    """Smallest mean difference, in the values' unit, that a two-sided paired test finds.

    With standard error s it is (z(1 - (1 - confidence) / 2) + z(power)) s, z the quantiles of the
    normal distribution (Cohen, Statistical Power Analysis, 1988): good from some 30 lists on.

    Args:
        values: Float ``[lists]``, NaN where a list has no value.
        baseline: Float ``[lists]``, the same lists in the same order.
        weights: Float ``[lists]``, not negative: for the weighted mean difference.
        blank: What a missing value counts as, on either side.
        lists: For so many lists like these, instead of for these: to plan a larger test set.
        power: Probability of finding it, between 0.5 and 1.
        confidence: Of the test; for m slices by Bonferroni it is 1 - 0.05 / m.

    Returns:
        The difference and what it was computed from.

    Raises:
        ValueError: The two differ in length, or an argument is outside its range.

    Example:
        >>> found = minimum_detectable_difference([0.9, 0.5, 0.7], [0.8, 0.3, 0.7], lists=400)
        >>> print(f"{found.difference:.3f} over {found.lists} lists")
        0.014 over 400 lists
    """
    _check(lists, power, confidence)
    ours, theirs = one_column(values, "values"), one_column(baseline, "baseline")
    columns = paired_columns(ours, theirs, weights=weights, blank=blank)
    deviation = _standard_deviation(columns.values, columns.weights)
    count = len(columns.values) if lists is None else lists
    levels = special.ndtri([(1 + confidence) / 2, power])
    return Detectable(
        difference=float(levels.sum() * deviation / np.sqrt(max(count, 1))),
        standard_deviation=deviation,
        lists=count,
        power=power,
        confidence=confidence,
    )


def _check(lists: int | None, power: float, confidence: float) -> None:
    if lists is not None and lists < 1:
        msg = f"lists must be at least 1; got {lists}"
        raise ValueError(msg)
    if not 0.5 <= power < 1:
        msg = f"power must be at least 0.5 and below 1; got {power}"
        raise ValueError(msg)
    if not 0 < confidence < 1:
        msg = f"confidence must lie between 0 and 1; got {confidence}"
        raise ValueError(msg)


def _standard_deviation(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    lists = len(values)
    if lists < 2:
        return float("nan")
    # The weights have mean 1, so this is the root of lists times the standard error.
    squares = (weights * (values - weighted_means(values, weights))) ** 2
    return float(np.sqrt(squares.sum() / (lists - 1)))
