"""From per-list values to the parts of the report that compare rankers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.report.parts import BINS, CURVE_KS, Estimate
from pipelines.report.record import Difference, Ranker, Rules

Values = npt.NDArray[np.float64]


class Comparison(NamedTuple):
    """The parts of a report that come from per-list values, under the report's own names."""

    model: Ranker
    baselines: tuple[Ranker, ...]
    differences: tuple[Difference, ...]


def all_ks(rules: Rules) -> tuple[int, ...]:
    """Every k a report needs, ascending: those of the curve and those of the cutoffs.

    Example:
        >>> all_ks(Rules(gain="exp2", cutoffs=(5, 50)))[-3:]
        (19, 20, 50)
    """
    return tuple(sorted({*CURVE_KS, *rules.cutoffs}))


def compare(
    model: npt.ArrayLike, baselines: Mapping[str, npt.ArrayLike], rules: Rules
) -> Comparison:
    """Compare the model with every baseline over the same lists.

    Args:
        model: Float ``[lists, len(all_ks(rules))]``, NDCG of each list at each of those k, NaN for
            a blank list. A CPU tensor will do.
        baselines: By name, the same for each baseline; at least one.
        rules: The blank policy, cutoffs and intervals.

    Returns:
        The model, the baselines in their order, and the difference to the best one per cutoff.

    Raises:
        ValueError: No baseline is given, or a shape is another than the model's or the rules'.
    """
    if not baselines:
        msg = "a report compares the model with baselines; got none"
        raise ValueError(msg)
    ours = _checked("model", model, rules)
    theirs = {name: _checked(name, values, rules) for name, values in baselines.items()}
    rankers = tuple(_ranker(name, values, rules) for name, values in theirs.items())
    differences = tuple(_difference(ours, theirs, rankers, k, rules) for k in rules.cutoffs)
    return Comparison(_ranker("model", ours, rules), rankers, differences)


def _checked(name: str, values: npt.ArrayLike, rules: Rules) -> Values:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2 or found.shape[1] != len(all_ks(rules)):
        msg = f"{name}: values must be [lists, {len(all_ks(rules))}]; got {list(found.shape)}"
        raise ValueError(msg)
    return found


def _ranker(name: str, values: Values, rules: Rules) -> Ranker:
    from ltr.evaluation import mean_interval

    ks = all_ks(rules)
    at = {k: values[:, ks.index(k)] for k in ks}
    estimates = {
        k: Estimate.of(
            mean_interval(
                at[k],
                blank=rules.blank,
                confidence=rules.confidence,
                resamples=rules.resamples,
                seed=rules.seed,
            )
        )
        for k in rules.cutoffs
    }
    return Ranker(
        name=name,
        ndcg=estimates,
        by_k=_means([at[k] for k in CURVE_KS], rules),
        histogram=_histogram(at[rules.headline_cutoff]),
    )


def _means(columns: Sequence[Values], rules: Rules) -> tuple[float | None, ...]:
    filled = np.stack(columns)
    if rules.blank != "skip":
        filled = np.where(np.isnan(filled), float(rules.blank == "one"), filled)
    kept = [column[~np.isnan(column)] for column in filled]
    return tuple(float(column.mean()) if len(column) else None for column in kept)


def _histogram(values: Values) -> tuple[int, ...]:
    # Rounding may leave a perfect list at 1 + 1e-16, outside the last bin.
    inside = np.clip(values[~np.isnan(values)], 0, 1)
    return tuple(int(n) for n in np.histogram(inside, bins=BINS, range=(0, 1))[0])


def _difference(
    ours: Values, theirs: Mapping[str, Values], rankers: Sequence[Ranker], k: int, rules: Rules
) -> Difference:
    from ltr.evaluation import difference_interval

    best = max(rankers, key=lambda ranker: _or_lowest(ranker.ndcg[k].value)).name
    column = all_ks(rules).index(k)
    found = difference_interval(
        ours[:, column],
        theirs[best][:, column],
        blank=rules.blank,
        confidence=rules.confidence,
        resamples=rules.resamples,
        seed=rules.seed,
    )
    return Difference(cutoff=k, baseline=best, estimate=Estimate.of(found))


def _or_lowest(value: float | None) -> float:
    return float("-inf") if value is None else value
