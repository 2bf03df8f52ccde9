"""The metrics that were asked for, from rows of whole lists: the only place that calls them.

torch and :mod:`ltr.metrics` are imported when a metric needs them: that takes longer than the usual
ones take over ten million rows (:mod:`pipelines.table.quick`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.errors import TableError
from pipelines.table.columns import DOCUMENT, LABEL, PROPENSITY, QUERY
from pipelines.table.names import TAKES, Metric
from pipelines.table.quick import is_quick, quick_values

if TYPE_CHECKING:
    from torch import Tensor

OPTIONS = {"gain": "gain", "ties": "ties", "relevant": "relevant_from", "propensity": "weights"}
"""Options of the command line, and the argument of the metrics that each one is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scoring:
    """What is measured, and by which definitions.

    Attributes:
        metrics: The metrics, in the order they were asked for.
        arguments: Gain, ties and so on, each for the metrics that have it.
    """

    metrics: tuple[Metric, ...]
    arguments: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """Whole lists, one after another, and which column they are ranked by."""

    rows: pl.DataFrame
    lengths: pl.Series
    score: str
    judged: pl.DataFrame | None = None
    """Every judged document of the same lists, where not all of them were ranked."""


def refuse_useless(metrics: Iterable[Metric], given: Iterable[str]) -> None:
    """Refuse options that change nothing.

    Args:
        metrics: What is measured.
        given: Keys of :data:`OPTIONS` that were given.

    Raises:
        TableError: No metric has one of them.
    """
    for name in given:
        if not any(one.function in TAKES[name] for one in metrics):
            told = ", ".join(one.name for one in metrics)
            msg = f"--{name}: concerns none of the metrics; got {told}"
            raise TableError(msg)


def refuse_unweighted(metrics: Iterable[Metric]) -> None:
    """Refuse metrics that documents' weights have no meaning for, when there are some.

    Raises:
        TableError: There is such a metric.
    """
    if without := [one.name for one in metrics if one.function not in TAKES["propensity"]]:
        msg = f"--propensity: weights documents, which {', '.join(without)} cannot be"
        raise TableError(msg)


@cache
def parameters(function: str) -> frozenset[str]:
    """Names of what a function of :mod:`ltr.metrics` takes."""
    import ltr.metrics

    return frozenset(signature(getattr(ltr.metrics, function)).parameters)


def list_values(scores: Scores, scoring: Scoring, prefix: str = "") -> Iterator[pl.Series]:
    """Give one Float64 series per metric, a value per list, null where it is undefined.

    A metric that is no mean over lists gives what each list adds to its sums, an array per list.
    """
    if is_quick(scoring.metrics, scoring.arguments, scores.rows.columns):
        arrays = quick_values(
            scores.rows[scores.score].to_numpy(),
            scores.rows[LABEL].to_numpy(),
            scores.lengths.cast(pl.Int64).to_numpy(),
            scoring.metrics,
            scoring.arguments,
        )
        for name, array in arrays:
            yield pl.Series(prefix + name, array, nan_to_null=True)
        return
    tensors = _tensors(scores, by_id=scoring.arguments.get("ties") == "document_id")
    for name, values in tensor_values(tensors, scoring):
        found = pl.Series(prefix + name, values.numpy())
        yield found if values.ndim > 1 else found.fill_nan(None)


def tensor_values(
    tensors: "Mapping[str, Tensor]", scoring: Scoring
) -> "Iterator[tuple[str, Tensor]]":
    """Give every metric's name and its value of each list, Float64 ``[lists]``, NaN for none.

    Args:
        tensors: What the metrics take, by the names of their arguments: scores, labels, lengths …
        scoring: The metrics.

    Raises:
        TableError: A metric cannot be computed from such arguments or labels.
    """
    import ltr.metrics

    for same in _together(scoring.metrics):
        # What is no mean over lists is asked for the sums that each list adds.
        name = "calibration_sums" if same[0].is_pooled else same[0].function
        given = {**tensors, **scoring.arguments, **same[0].arguments, "reduction": "none"}
        if "k" in parameters(name):
            given["k"] = [one.k for one in same]
        taken = {key: value for key, value in given.items() if key in parameters(name)}
        try:
            values = getattr(ltr.metrics, name)(**taken)
        except ValueError as error:
            msg = f"{', '.join(metric.name for metric in same)}: {error}"
            raise TableError(msg) from None
        columns = values.unbind(-1) if "k" in taken else [values]
        yield from zip((metric.name for metric in same), columns, strict=True)


def _together(metrics: Sequence[Metric]) -> list[list[Metric]]:
    """Metrics that differ in k only: one pass computes them all."""
    groups: dict[tuple[str, tuple[tuple[str, float], ...], bool], list[Metric]] = {}
    for one in metrics:
        # All ranks apart from the first ones, which are found without sorting the rest.
        key = (one.function, tuple(sorted(one.arguments.items())), one.k is None)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _tensors(scores: Scores, *, by_id: bool) -> "dict[str, Tensor]":
    rows, found = scores.rows, {}
    found["scores"] = rows[scores.score].to_torch()
    found["labels"] = rows[LABEL].to_torch()
    found["lengths"] = scores.lengths.cast(pl.Int64).to_torch()
    if PROPENSITY in rows.columns:
        found["weights"] = 1 / rows[PROPENSITY].to_torch().double()
    if by_id:
        found["ids"] = rows[DOCUMENT].rank("dense").cast(pl.Int64).to_torch()
    if scores.judged is not None:
        found["ideal_labels"] = scores.judged[LABEL].to_torch()
        found["ideal_lengths"] = (
            scores.judged[QUERY].rle().struct.field("len").cast(pl.Int64).to_torch()
        )
    return found
