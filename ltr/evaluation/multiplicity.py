"""Holm's correction: what the smallest of many p-values is still worth.

Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics
6, 1979. It holds however the tests depend on each other, and rejects all that Bonferroni does.
"""

import numpy as np
import numpy.typing as npt


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Adjusted p-values, probabilities: one below 0.05 is a find at 5 % over all tests together.

    Args:
        p_values: Float ``[tests]``, in any order. NaN where there was nothing to test; such a one
            is not counted as a test.

    Returns:
        Float ``[tests]``, in the same order, never below ``p_values``; NaN stays NaN.

    Raises:
        ValueError: There is not one dimension, or a p-value is not between 0 and 1.

    Example:
        >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
        [0.03, 0.06, 0.06]
    """
    found = np.asarray(p_values, dtype=np.float64)
    if found.ndim != 1:
        msg = f"p_values must be [tests]; got shape {list(found.shape)}"
        raise ValueError(msg)
    if ((found < 0) | (found > 1)).any():
        msg = f"p_values must lie between 0 and 1; got {found[(found < 0) | (found > 1)][0]}"
        raise ValueError(msg)
    order = np.argsort(found)  # NaN comes last
    order = order[~np.isnan(found[order])]
    still_to_test = np.arange(len(order), 0, -1)
    adjusted = np.full_like(found, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(still_to_test * found[order]), 1)
    return adjusted
