"""The metrics that were asked for, from rows of whole lists: the only place that calls them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from torch import Tensor

import ltr.metrics
from pipelines.table.columns import LABEL, PROPENSITY
from pipelines.table.names import Metric

GRADED = frozenset({"ndcg", "dcg", "err"})
"""Functions that take a gain; the others look at relevant or not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scoring:
    """What is measured, and by which definitions.

    Attributes:
        metrics: The metrics, in the order they were asked for.
        arguments: Of every function, by its name: gain, ties and so on.
    """

    metrics: tuple[Metric, ...]
    arguments: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """Whole lists, one after another, and which column they are ranked by."""

    rows: pl.DataFrame
    lengths: pl.Series
    score: str
    judged: pl.DataFrame | None = None
    """Every judged document of the same lists, where not all of them were ranked."""


def scoring_of(metrics: tuple[Metric, ...], definitions: Mapping[str, Any]) -> Scoring:
    """Give every metric the definitions that concern it."""
    gain, ties = definitions.get("gain"), definitions.get("ties")
    arguments: dict[str, dict[str, Any]] = {}
    for one in metrics:
        given = {"gain": gain if one.function in GRADED else None, "ties": ties}
        arguments[one.function] = {name: value for name, value in given.items() if value}
    return Scoring(metrics=metrics, arguments=arguments)


def list_values(scores: Scores, scoring: Scoring, prefix: str = "") -> Iterator[pl.Series]:
    """Give one Float64 series per metric, a value per list, null where it is undefined."""
    tensors = _tensors(scores)
    for same in _together(scoring.metrics):
        function = getattr(ltr.metrics, same[0].function)
        arguments = {**scoring.arguments.get(same[0].function, {}), **same[0].arguments}
        if same[0].k is None and len(same) == 1:
            columns = [function(**tensors, **arguments, reduction="none")]
        else:
            ks = [one.k for one in same]
            columns = function(**tensors, k=ks, **arguments, reduction="none").unbind(-1)
        for metric, values in zip(same, columns, strict=True):
            yield pl.Series(prefix + metric.name, values.numpy()).fill_nan(None)


def _together(metrics: Sequence[Metric]) -> list[list[Metric]]:
    """Metrics that differ in k only: one pass computes them all."""
    groups: dict[tuple[str, tuple[tuple[str, float], ...], bool], list[Metric]] = {}
    for one in metrics:
        key = (one.function, tuple(sorted(one.arguments.items())), one.k is None)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _tensors(scores: Scores) -> dict[str, Tensor]:
    found = {
        "scores": scores.rows[scores.score].to_torch(),
        "labels": scores.rows[LABEL].to_torch(),
        "lengths": scores.lengths.cast(pl.Int64).to_torch(),
    }
    if PROPENSITY in scores.rows.columns:
        found["weights"] = 1 / scores.rows[PROPENSITY].to_torch().double()
    return found
