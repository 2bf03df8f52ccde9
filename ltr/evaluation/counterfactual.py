"""What clicks a new ranking would get, from the log of another one.

Two settings, one set of estimates (``ltr.evaluation.estimators`` has their formulas):

* a *policy* that draws what to show: the probability of each logged choice is known under the log
  and under the new policy. A row is a round of a bandit, or a document at its position in a list;
* a *ranking* that places documents: a click needs the position to be examined, and how often each
  position is examined is known or estimated (Joachims, Swaminathan and Schnabel, Unbiased
  Learning-to-Rank with Biased Feedback, WSDM 2017; with a click model, Oosterhuis, Doubly Robust
  Estimation for Correcting Position Bias in Click Feedback, TOIS 2023).
"""

import numpy as np
import numpy.typing as npt

from ltr.evaluation.bootstrap import Method
from ltr.evaluation.estimators import Counterfactual, LoggedRows, Sampling, estimate

Floats = npt.NDArray[np.float64]


def evaluate_policy(
    clicks: npt.ArrayLike,
    logged: npt.ArrayLike,
    new: npt.ArrayLike,
    *,
    predicted: npt.ArrayLike | None = None,
    new_predicted: npt.ArrayLike | None = None,
    lengths: npt.ArrayLike | None = None,
    clip: float = 10.0,
    method: Method = "bca",
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Counterfactual:
    """Clicks per list (of a bandit: per round) that a new policy would get.

    Args:
        clicks: Float ``[rows]``, 0 or 1, or any other finite reward of the logged choice.
        logged: Float ``[rows]``, probability of the logged choice under the policy that logged it.
        new: Float ``[rows]``, its probability under the new policy.
        predicted: Float ``[rows]``, a model's click probability of the logged choice; fitted on
            other rows. With ``new_predicted`` it gives the direct and doubly robust estimates.
        new_predicted: Float ``[rows]``, the same model's, averaged over what the new policy would
            choose in that row.
        lengths: Int ``[lists]``, rows of each list: they are resampled together. Without it every
            row is a list.
        clip: Where the clipped estimate cuts the weights.
        method: "bca" by default: sums with heavy weights are skewed.
        confidence: Of every interval.
        resamples: Number of bootstrap resamples of the lists.
        seed: Of the resampling.

    Returns:
        All estimates and the diagnostics of the weights ``new / logged``.

    Raises:
        ValueError: A shape, probability or click is out of its range, or one prediction is missing.

    Example:
        >>> found = evaluate_policy([1, 0, 0, 1], [0.5] * 4, [1.0, 0.0, 0.0, 1.0])
        >>> found.naive.value, found.inverse_propensity.value, found.weights.zero_overlap
        (0.5, 1.0, 2)
    """
    given = _row_floats("clicks", clicks, None)
    rows = len(given)
    was = _probabilities("logged", logged, rows)
    if not (was > 0).all():
        msg = "logged must be positive: what was logged had a chance to be; got 0"
        raise ValueError(msg)
    weights = _probabilities("new", new, rows) / was
    before, after = _predictions(predicted, new_predicted, rows)
    one = np.ones(rows)
    counts = np.ones(rows, dtype=np.int64) if lengths is None else _lengths(lengths, rows)
    log = LoggedRows(given, weights, one, one, before, after, counts, 0)
    return estimate(log, clip, Sampling(method, confidence, resamples, seed))


def evaluate_ranking(
    clicks: npt.ArrayLike,
    positions: npt.ArrayLike,
    new_positions: npt.ArrayLike,
    *,
    curve: npt.ArrayLike,
    lengths: npt.ArrayLike,
    propensities: npt.ArrayLike | None = None,
    relevance: npt.ArrayLike | None = None,
    clip: float = 10.0,
    method: Method = "bca",
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Counterfactual:
    """Clicks per list that a new ranking of the logged documents would get.

    A document's weight is the examination of its new position over its propensity. If that is the
    examination of its logged position, the log has no luck of the shuffle to take out: the
    self-normalised and the doubly robust estimate are then equal to IPS, but for documents that
    the log never showed, which the click model fills in. They gain on IPS where ``propensities``
    are those of a log that shuffles positions.

    Args:
        clicks: Float ``[docs]``, 0 or 1, the lists one after another.
        positions: Int ``[docs]``, where the document was shown, 1 = first.
        new_positions: Int ``[docs]``, where the new ranking puts it.
        curve: Float ``[positions]``, probability that position 1, 2, … is examined; 0 beyond its
            end. See :func:`ltr.evaluation.position_curve`.
        lengths: Int ``[lists]``, documents of each list.
        propensities: Float ``[docs]``, probability that the logging ranker had the document
            examined, over all positions it might have put it. Without it, the curve at
            ``positions``.
        relevance: Float ``[docs]``, a model's click probability of the document once examined;
            fitted on other lists. It gives the direct and doubly robust estimates.
        clip: Where the clipped estimate cuts the weights.
        method: As in :func:`evaluate_policy`.
        confidence: Of every interval.
        resamples: Number of bootstrap resamples of the lists.
        seed: Of the resampling.

    Returns:
        All estimates and the diagnostics of the weights.

    Raises:
        ValueError: A shape, probability, position or click is out of its range, or a document was
            clicked that is said to be never examined.

    Example:
        >>> found = evaluate_ranking(
        ...     [0, 1, 1, 0], [1, 2, 1, 2], [2, 1, 1, 2], curve=[1.0, 0.5], lengths=[2, 2]
        ... )
        >>> found.naive.value, found.inverse_propensity.value
        (1.0, 1.5)
    """
    given = _row_floats("clicks", clicks, None)
    docs, examined = len(given), _curve(curve)
    exposure = examined[_positions("positions", positions, docs, len(examined))]
    new_exposure = examined[_positions("new_positions", new_positions, docs, len(examined))]
    was = exposure if propensities is None else _probabilities("propensities", propensities, docs)
    impossible = np.count_nonzero((given != 0) & (was == 0))
    if impossible:
        msg = f"a clicked document was examined; got {impossible} clicks with propensity 0"
        raise ValueError(msg)
    weights = np.divide(new_exposure, was, out=np.zeros(docs), where=was > 0)
    before = after = None
    if relevance is not None:
        attractive = _probabilities("relevance", relevance, docs)
        before, after = exposure * attractive, new_exposure * attractive
    unsupported = int(np.count_nonzero((new_exposure > 0) & (was == 0)))
    counts = _lengths(lengths, docs)
    log = LoggedRows(given, weights, exposure, new_exposure, before, after, counts, unsupported)
    return estimate(log, clip, Sampling(method, confidence, resamples, seed))


def _row_floats(name: str, values: npt.ArrayLike, rows: int | None) -> Floats:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or rows not in (None, len(found)):
        msg = f"{name} must be [{'rows' if rows is None else rows}]; got shape {list(found.shape)}"
        raise ValueError(msg)
    if not np.isfinite(found).all():
        msg = f"{name} must be finite; got {found[~np.isfinite(found)][0]}"
        raise ValueError(msg)
    return found


def _probabilities(name: str, values: npt.ArrayLike, rows: int) -> Floats:
    found = _row_floats(name, values, rows)
    outside = (found < 0) | (found > 1)
    if outside.any():
        msg = f"{name} must lie between 0 and 1; got {found[outside][0]}"
        raise ValueError(msg)
    return found


def _predictions(
    predicted: npt.ArrayLike | None, new_predicted: npt.ArrayLike | None, rows: int
) -> tuple[Floats | None, Floats | None]:
    if predicted is None and new_predicted is None:
        return None, None
    if predicted is None or new_predicted is None:
        missing = "predicted" if predicted is None else "new_predicted"
        msg = f"predicted and new_predicted come together; got no {missing}"
        raise ValueError(msg)
    return (
        _row_floats("predicted", predicted, rows),
        _row_floats("new_predicted", new_predicted, rows),
    )


def _curve(curve: npt.ArrayLike) -> Floats:
    """Examination by position, with 0 for no position (0) and for those beyond the end (-1)."""
    found = np.asarray(curve, dtype=np.float64)
    if found.ndim != 1 or not len(found):
        msg = f"curve must be [positions], at least one; got shape {list(found.shape)}"
        raise ValueError(msg)
    return np.concatenate([[0.0], _probabilities("curve", found, len(found)), [0.0]])


def _positions(name: str, values: npt.ArrayLike, docs: int, size: int) -> npt.NDArray[np.int64]:
    found = _row_floats(name, values, docs)
    wrong = (found < 1) | (found != np.floor(found))
    if wrong.any():
        msg = f"{name} must be whole numbers from 1; got {found[wrong][0]:g}"
        raise ValueError(msg)
    return np.minimum(found, size - 1).astype(np.int64)


def _lengths(lengths: npt.ArrayLike, rows: int) -> npt.NDArray[np.int64]:
    found = np.asarray(lengths)
    if found.ndim != 1 or not np.issubdtype(found.dtype, np.integer) or (found < 0).any():
        msg = f"lengths must be [lists], whole and not negative; got {found.dtype} {found.shape}"
        raise ValueError(msg)
    if found.sum() != rows:
        msg = f"lengths must add up to the rows; got {found.sum()} and {rows} rows"
        raise ValueError(msg)
    return found.astype(np.int64)
