"""Estimates of the clicks that a new ranking would get, all on the same resamples of lists.

With w the importance weight, c the click and q a model's prediction of it for a logged row, per
list and summed over its rows (Horvitz and Thompson, 1952; Swaminathan and Joachims, The
Self-Normalized Estimator for Counterfactual Learning, NeurIPS 2015; Dudik, Langford and Li,
Doubly Robust Policy Evaluation and Learning, ICML 2011):

* naive: c, as if the new ranking changed nothing;
* inverse propensity: w c; clipped: min(w, clip) c;
* self-normalised: sum(w c) / sum(w e) x mean(t), where e is how exposed the logged row was and t
  how exposed the new ranking makes it. The sums of w e and of t have the same expected value, so
  this takes out the luck of the weights. Rounds of a bandit all have e = t = 1;
* direct: q of the new ranking; doubly robust: that + w (c - q of the log).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ltr.evaluation.bootstrap import Bootstrap, Method, bootstrap_means, interval_ends
from ltr.evaluation.importance import WeightDiagnostics, weight_diagnostics
from ltr.evaluation.intervals import Interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Counterfactual:
    """Clicks per list that a new ranking would get; of a bandit, per round.

    Attributes:
        naive: Clicks in the log itself, whatever the new ranking is. Biased, for comparison.
        inverse_propensity: IPS. Unbiased where the log covers the new ranking; may vary wildly.
        clipped: IPS with weights cut at ``clip``: never above it, biased low, varies less.
        self_normalised: SNIPS. Biased by a little that vanishes with the lists; varies less.
        direct: The click model alone, as biased as the model. None without one.
        doubly_robust: The model, corrected by the weighted error it made on the log: unbiased if
            either the propensities or the model are right. None without a model.
        weights: What the importance weights look like: read it before the estimates.
        clip: Where the clipped weights are cut.
    """

    naive: Interval
    inverse_propensity: Interval
    clipped: Interval
    self_normalised: Interval
    direct: Interval | None
    doubly_robust: Interval | None
    weights: WeightDiagnostics
    clip: float


class LoggedRows(NamedTuple):
    """What the estimators read: one row per logged document or round.

    Attributes:
        clicks: Float ``[rows]``, the logged click or any other reward.
        weights: Float ``[rows]``, importance weights.
        exposure: Float ``[rows]``, e above: of the row where it was logged.
        new_exposure: Float ``[rows]``, t above: of the row under the new ranking.
        predicted: Float ``[rows]``, predicted click of the row as logged, or None.
        new_predicted: Float ``[rows]``, predicted click under the new ranking, or None.
        lengths: Int ``[lists]``, rows of each list, one list after another.
        unsupported: Number of rows that the new ranking shows and the log cannot.
    """

    clicks: Floats
    weights: Floats
    exposure: Floats
    new_exposure: Floats
    predicted: Floats | None
    new_predicted: Floats | None
    lengths: npt.NDArray[np.int64]
    unsupported: int


class Sampling(NamedTuple):
    """How intervals are drawn: the arguments of :func:`ltr.evaluation.mean_interval`."""

    method: Method
    confidence: float
    resamples: int
    seed: int


def estimate(rows: LoggedRows, clip: float, sampling: Sampling) -> Counterfactual:
    """All estimates of one log.

    Args:
        rows: The log. The model's two predictions are both given or both None.
        clip: Where the clipped estimate cuts the weights.
        sampling: How the intervals are drawn.

    Returns:
        The estimates, each with its interval, in clicks per list.

    Raises:
        ValueError: ``clip`` or the sampling is outside its range.

    Example:
        >>> two = np.array([1.0, 0.0])
        >>> log = LoggedRows(two, two + 1, two * 0 + 1, two * 0 + 1, None, None, np.ones(2, int), 0)
        >>> estimate(log, 10, Sampling("bca", 0.95, 100, 0)).inverse_propensity.value
        1.0
    """
    diagnostics = weight_diagnostics(rows.weights, clip=clip, unsupported=rows.unsupported)
    columns = {name: _per_list(values, rows.lengths) for name, values in _sums(rows, clip).items()}
    weighted = _per_list(rows.weights * rows.clicks, rows.lengths)
    exposed = _per_list(rows.weights * rows.exposure, rows.lengths)
    ratio = np.divide(weighted, exposed, out=np.full_like(exposed, np.nan), where=exposed > 0)
    found = bootstrap_means(
        np.column_stack([*columns.values(), ratio]),
        np.column_stack([*[np.ones_like(exposed)] * len(columns), exposed]),
        resamples=sampling.resamples,
        seed=sampling.seed,
    )
    intervals = {
        name: _interval(found, at, len(rows.lengths), sampling)
        for at, name in enumerate(columns)
        if name != "new_exposure"
    }
    self_normalised = _interval(_product(found, len(columns) - 1), -1, len(exposed), sampling)
    return Counterfactual(
        naive=intervals["naive"],
        inverse_propensity=intervals["inverse_propensity"],
        clipped=intervals["clipped"],
        self_normalised=self_normalised,
        direct=intervals.get("direct"),
        doubly_robust=intervals.get("doubly_robust"),
        weights=diagnostics,
        clip=clip,
    )


def _sums(rows: LoggedRows, clip: float) -> dict[str, Floats]:
    """What each mean over lists sums over the rows of a list; the last one is t."""
    sums = {
        "naive": rows.clicks,
        "inverse_propensity": rows.weights * rows.clicks,
        "clipped": np.minimum(rows.weights, clip) * rows.clicks,
    }
    if rows.predicted is not None and rows.new_predicted is not None:
        error = rows.weights * (rows.clicks - rows.predicted)
        sums |= {"direct": rows.new_predicted, "doubly_robust": rows.new_predicted + error}
    return sums | {"new_exposure": rows.new_exposure}


def _per_list(values: Floats, lengths: npt.NDArray[np.int64]) -> Floats:
    row = np.repeat(np.arange(len(lengths)), lengths)
    # bincount gives int zeros where there are no rows at all.
    return np.bincount(row, weights=values, minlength=len(lengths)).astype(np.float64)


def _product(found: Bootstrap, column: int) -> Bootstrap:
    """Put ratio x exposure in the last column's place."""
    # A list without weight is in no ratio, so leaving it out leaves the ratio as it is.
    ratio = np.where(np.isnan(found.jackknife[:, -1]), found.means[-1], found.jackknife[:, -1])
    return Bootstrap(
        found.means[[column]] * found.means[[-1]],
        found.resampled[:, [column]] * found.resampled[:, [-1]],
        (found.jackknife[:, column] * ratio)[:, None],
    )


def _interval(found: Bootstrap, column: int, lists: int, sampling: Sampling) -> Interval:
    value = float(found.means[column])
    low, high = interval_ends(
        value,
        found.resampled[:, column],
        found.jackknife[:, column],
        confidence=sampling.confidence,
        method=sampling.method,
    )
    return Interval(
        value=value, low=low, high=high, confidence=sampling.confidence, lists=lists, blank=0
    )
