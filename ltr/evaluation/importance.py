"""How far a log can carry an estimate: what its importance weights look like."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightDiagnostics:
    """Whether importance weights can be trusted. Rows are logged documents or rounds.

    Attributes:
        rows: Number of logged rows.
        effective_sample_size: Number of rows of equal weight that would say as much,
            sum(w)^2 / sum(w^2) (Kong, 1992). 0 if every weight is 0.
        mean_weight: Mean weight. In the bandit setting it is about 1 if the log covers all that the
            new policy does, and lower by the share that it does not.
        max_weight: Largest weight.
        top_share: Share of the whole weight that the heaviest 1 % of the rows have, 0 to 1.
        zero_overlap: Number of rows of weight 0: the new ranking never shows what was logged.
        unsupported: Number of rows that the new ranking shows and the log cannot: the estimates
            leave their clicks out. In the bandit setting such rows are not in the log at all.
        clipped: Number of rows whose weight the clipped estimate cuts.
    """

    rows: int
    effective_sample_size: float
    mean_weight: float
    max_weight: float
    top_share: float
    zero_overlap: int
    unsupported: int
    clipped: int


def weight_diagnostics(
    weights: npt.ArrayLike, *, clip: float, unsupported: int = 0
) -> WeightDiagnostics:
    """Diagnostics of importance weights: new over logged probability of each logged row.

    Args:
        weights: Float ``[rows]``, finite and not negative.
        clip: Where the clipped estimate cuts.
        unsupported: Number of rows without a logged probability.

    Returns:
        The diagnostics; NaN for mean, largest and top share of no rows.

    Raises:
        ValueError: The weights have another shape or range, or ``clip`` is not positive.

    Example:
        >>> found = weight_diagnostics([1.0, 1.0, 2.0, 0.0], clip=1.5)
        >>> print(f"{found.effective_sample_size:.2f} of {found.rows}, {found.clipped} clipped")
        2.67 of 4, 1 clipped
    """
    found = np.asarray(weights, dtype=np.float64)
    if found.ndim != 1:
        msg = f"weights must be [rows]; got shape {list(found.shape)}"
        raise ValueError(msg)
    wrong = ~(np.isfinite(found) & (found >= 0))
    if wrong.any():
        msg = f"weights must be finite and not negative; got {found[wrong][0]}"
        raise ValueError(msg)
    if not clip > 0:
        msg = f"clip must be positive; got {clip}"
        raise ValueError(msg)
    total, rows = found.sum(), len(found)
    return WeightDiagnostics(
        rows=rows,
        effective_sample_size=float(total**2 / (found**2).sum()) if total else 0.0,
        mean_weight=float(total / rows) if rows else np.nan,
        max_weight=float(found.max()) if rows else np.nan,
        top_share=_top_share(found),
        zero_overlap=int(np.count_nonzero(found == 0)),
        unsupported=unsupported,
        clipped=int(np.count_nonzero(found > clip)),
    )


def _top_share(weights: npt.NDArray[np.float64]) -> float:
    if not weights.sum():
        return np.nan
    heaviest = -(-len(weights) // 100)
    return float(np.partition(weights, -heaviest)[-heaviest:].sum() / weights.sum())
