"""Rows of a log in, estimates of what a new policy or ranking would get out."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.errors import TableError
from pipelines.report.counterfactual_record import Counterfactual, Estimated, Estimator, Weights
from pipelines.report.parts import Estimate
from pipelines.table.columns import (
    DOCUMENT,
    FREQUENCY,
    NEW,
    NEW_PREDICTED,
    POSITION,
    PREDICTED,
    PROPENSITY,
    QUERY,
    REWARD,
    SCORE,
)
from pipelines.table.logged_rows import POLICY, RANKING, lengths_of_lists, usable_rows
from pipelines.table.sure import Sure

if TYPE_CHECKING:  # importing it takes as long as measuring a million rows
    from ltr.evaluation import Counterfactual as Found
    from ltr.evaluation import WeightDiagnostics

ESTIMATES: Mapping[Estimator, str] = {
    "naive": "naive",
    "inverse propensity": "inverse_propensity",
    "clipped": "clipped",
    "self-normalised": "self_normalised",
    "direct": "direct",
    "doubly robust": "doubly_robust",
}

FEW_REWARDS, FEW_ROWS, FEW_SHARE = 50, 100, 0.05
MUCH = 0.5
"""Fewer rows than that, or more of the weight in 1 % of them, are told to the reader."""

SIGMAS = 3
"""Standard deviations beyond which the mean weight is not 1 by chance."""

OWN_CURVE = "The curve was estimated from the same log: its own error is not in the intervals."

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a new policy or ranking is evaluated by, beside the columns.

    Attributes:
        curve: Of a ranking: how often position 1, 2 … is examined, or that the log shall tell.
        clip: Where the clipped estimate cuts the weights.
        sure: How intervals are made.
    """

    curve: tuple[float, ...] | Literal["estimate"] = ()
    clip: float = 10.0
    sure: Sure

    def rules(self) -> dict[str, Any]:
        """Arguments of the estimates."""
        return {
            "clip": self.clip,
            "method": self.sure.method,
            "confidence": self.sure.confidence,
            "resamples": self.sure.resamples or 1,
            "seed": self.sure.seed,
        }


def policy_estimates(
    table: pl.LazyFrame, names: Mapping[str, str], question: Question
) -> Counterfactual:
    """Estimate the reward of a new policy from the log of another one.

    Args:
        table: Rows under the names of their parts; they are held in memory.
        names: The table's own names of the parts.
        question: What is asked.

    Raises:
        TableError: There is no row, or one cannot be used.
    """
    from ltr.evaluation import evaluate_policy

    rows, lengths = usable_rows(table, names, POLICY), None
    if QUERY in names:
        rows = rows.sort(QUERY, maintain_order=True)
        lengths = lengths_of_lists(rows)
    found = evaluate_policy(
        rows[REWARD].to_numpy(),
        rows[PROPENSITY].to_numpy(),
        rows[NEW].to_numpy(),
        predicted=_column(rows, PREDICTED, names),
        new_predicted=_column(rows, NEW_PREDICTED, names),
        lengths=lengths,
        **question.rules(),
    )
    return Counterfactual(
        kind="policy",
        new=names[NEW],
        per="list" if QUERY in names else "row",
        **_said(found, rows, names, question, tuple(_unbalanced(found.weights))),
    )


def ranking_estimates(
    table: pl.LazyFrame, names: Mapping[str, str], question: Question
) -> Counterfactual:
    """Estimate the reward of ranking the logged documents by their scores.

    Documents of equal score keep the order of the log. Rewards at positions beyond the end of the
    curve do not count, neither in the log nor in the new ranking.

    Args:
        table: Rows under the names of their parts; they are held in memory.
        names: The table's own names of the parts.
        question: What is asked.

    Raises:
        TableError: There is no row, one cannot be used, or the log cannot tell the curve.
    """
    from ltr.evaluation import evaluate_ranking

    rows = usable_rows(table, names, RANKING).sort(QUERY, -pl.col(SCORE), POSITION)
    lengths, curve = lengths_of_lists(rows), _curve(rows, question.curve)
    rows, lost = _within(rows, len(curve), names)
    try:
        found = evaluate_ranking(
            rows[REWARD].to_numpy(),
            rows[POSITION].to_numpy(),
            _places(lengths),
            curve=curve,
            lengths=lengths,
            propensities=_column(rows, PROPENSITY, names),
            relevance=_column(rows, PREDICTED, names),
            **question.rules(),
        )
    except ValueError as error:
        raise TableError(str(error)) from None
    is_estimated = question.curve == "estimate"
    return Counterfactual(
        kind="ranking",
        new=names[SCORE],
        per="list",
        curve=tuple(float(one) for one in curve),
        is_curve_estimated=is_estimated,
        **_said(found, rows, names, question, (*lost, *([OWN_CURVE] if is_estimated else []))),
    )


def _column(rows: pl.DataFrame, part: str, names: Mapping[str, str]) -> Floats | None:
    return rows[part].to_numpy() if part in names else None


def _curve(rows: pl.DataFrame, given: tuple[float, ...] | Literal["estimate"]) -> Floats:
    """Examination of position 1, 2 …, up to the first one that the log cannot tell."""
    if given != "estimate":
        return np.asarray(given)
    from ltr.evaluation import position_curve

    # A document asked for by other words is another one: a click on it is another event.
    same = pl.struct(name for name in (DOCUMENT, FREQUENCY) if name in rows.columns)
    documents = rows.select(same.rank("dense").cast(pl.Int64)).to_series().to_numpy()
    positions = rows[POSITION].to_numpy().astype(np.int64)
    try:
        curve = position_curve(rows[REWARD].to_numpy(), positions, documents)
    except ValueError as error:
        msg = f"--curve estimate: {error}"
        raise TableError(msg) from None
    unknown = np.flatnonzero(np.isnan(curve))
    known = curve[: unknown[0]] if len(unknown) else curve
    # It is relative to the first position, and another one may be seen more.
    return np.asarray(known / known.max())


def _within(
    rows: pl.DataFrame, end: int, names: Mapping[str, str]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Take rewards beyond the end of the curve as 0, and say how many there were."""
    beyond = (pl.col(POSITION) > end) & (pl.col(REWARD) != 0)
    lost = rows.select(beyond.sum()).item()
    if not lost:
        return rows, ()
    told = f"{lost:,} rows with a reward at positions beyond {end}, the end of the curve"
    if PROPENSITY in names:
        msg = f"--curve: must reach every position with a reward beside --propensity; got {told}"
        raise TableError(msg)
    inside = pl.when(beyond).then(0.0).otherwise(pl.col(REWARD)).alias(REWARD)
    return rows.with_columns(inside), (f"{told}, are left out.",)


def _places(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """1, 2 … within each list."""
    starts = np.cumsum(lengths) - lengths
    places: npt.NDArray[np.int64] = np.arange(1, lengths.sum() + 1) - np.repeat(starts, lengths)
    return places


def _said(
    found: "Found",
    rows: pl.DataFrame,
    names: Mapping[str, str],
    question: Question,
    warnings: tuple[str, ...],
) -> dict[str, Any]:
    weights = Weights(rewarded=int((rows[REWARD] != 0).sum()), **asdict(found.weights))
    return {
        "reward": names[REWARD],
        "propensity": names.get(PROPENSITY),
        "estimates": tuple(_estimates(found, has_ends=question.sure.resamples > 0)),
        "weights": weights,
        "clip": question.clip,
        "method": question.sure.method,
        "confidence": question.sure.confidence,
        "resamples": question.sure.resamples,
        "seed": question.sure.seed,
        "warnings": (*warnings, *_thin(weights)),
    }


def _estimates(found: "Found", *, has_ends: bool) -> Iterator[Estimated]:
    for name, attribute in ESTIMATES.items():
        interval = getattr(found, attribute)
        if interval is not None:
            estimate = Estimate.of(interval)
            ends = {} if has_ends else {"low": None, "high": None}
            yield Estimated(name=name, estimate=estimate.model_copy(update=ends))


def _unbalanced(found: "WeightDiagnostics") -> Iterator[str]:
    """Weights of a policy average 1, but for chance: sum(w)^2 / sum(w^2) tells how much of it."""
    if not found.effective_sample_size:
        return
    spread = found.rows / found.effective_sample_size - 1
    chance = found.mean_weight * (spread / found.rows) ** 0.5
    if abs(found.mean_weight - 1) > SIGMAS * chance + 1e-6:
        yield (
            f"The weights average {found.mean_weight:.3f}, further from 1 than chance"
            f" ({chance:.3f}) explains: the probabilities are not those of the two policies, or the"
            " log never shows a part of what the new one does."
        )


def _thin(found: Weights) -> Iterator[str]:
    """Say where few rows decide."""
    if found.rewarded < FEW_REWARDS:
        yield f"Only {found.rewarded:,} of {found.rows:,} rows have a reward."
    if found.effective_sample_size < max(FEW_ROWS, FEW_SHARE * found.rows):
        yield (
            f"The {found.rows:,} rows say as much as {found.effective_sample_size:,.0f} of equal"
            " weight: what the new one does most, the log did rarely."
        )
    if found.top_share is not None and found.top_share > MUCH:
        yield f"The heaviest 1 % of the rows have {found.top_share:.0%} of the whole weight."
    if found.unsupported:
        yield (
            f"{found.unsupported:,} rows would be seen that the log never had seen: their rewards"
            " are in no estimate but the click model's."
        )
