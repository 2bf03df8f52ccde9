"""Put what was measured into the record that the report is written from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.report.parts import BINS, CURVE_KS, PositionRate
from pipelines.report.table_record import (
    BY_OUTCOME,
    Bin,
    Definitions,
    Measure,
    Side,
    Slice,
    TableReport,
    WorstList,
)
from pipelines.table.columns import Columns
from pipelines.table.frame import AGAINST
from pipelines.table.measure import Measured
from pipelines.table.metrics import Scoring
from pipelines.table.names import Metric
from pipelines.table.sure import Sure

CURVE = "curve "
"""Prefix of metrics that nobody asked for, which pictures and slices are made of."""

RECIPROCAL_RANK = f"{CURVE}mrr"


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """What the report says of its making."""

    source: str
    columns: Columns
    baseline: str | None
    definitions: Mapping[str, Any]
    preset: str | None
    sure: Sure


def curve_metrics(scoring: Scoring) -> Iterator[Metric]:
    """Give the metrics that a report needs beside those that were asked for."""
    given = next((one.arguments for one in scoring.metrics if one.function == "ndcg"), {})
    for k in CURVE_KS:
        yield Metric(name=f"{CURVE}ndcg@{k}", function="ndcg", k=k, arguments=given)
    yield Metric(name=RECIPROCAL_RANK, function="reciprocal_rank")


def describe(
    said: Described,
    measured: Measured,
    metrics: tuple[Measure, ...],
    slices: tuple[Slice, ...],
    worst: tuple[WorstList, ...],
) -> TableReport:
    """Make the report's record."""
    headline, lists = metrics[0].name, measured.lists
    sides = [_side(lists, said.columns.score, "", headline, said.sure)]
    if said.baseline is not None:
        name = said.baseline if said.baseline != said.columns.score else f"{said.baseline} (other)"
        sides.append(_side(lists, name, AGAINST, headline, said.sure))
    return TableReport(
        source=said.source,
        columns=dict(said.columns.parts),
        definitions=_definitions(said),
        rows=measured.rows,
        lists=lists.height,
        counts=measured.counts,
        metrics=metrics,
        headline=headline,
        sides=tuple(sides),
        slices=slices,
        positions=_positions(measured.positions),
        reliability=_reliability(measured.reliability),
        worst=worst,
        notes=tuple(_notes(said, measured)),
    )


def _side(lists: pl.DataFrame, name: str, prefix: str, headline: str, sure: Sure) -> Side:
    means_only = Sure(blank=sure.blank, resamples=0)
    curve = (
        means_only.mean(lists[f"{prefix}{CURVE}ndcg@{k}"].to_numpy(), None).value for k in CURVE_KS
    )
    values = lists[prefix + headline].drop_nulls().to_numpy()
    if values.ndim > 1 or (len(values) and values.max() > 1 + 1e-9):
        values = np.zeros(0)  # no value per list, or none that has a place in these bins
    # Rounding may leave a perfect list at 1 + 1e-16, outside the last bin.
    counts, _ = np.histogram(np.clip(values, 0, 1), bins=BINS, range=(0, 1))
    return Side(name=name, by_k=tuple(curve), histogram=tuple(int(n) for n in counts))


def _definitions(said: Described) -> Definitions:
    given, sure = said.definitions, said.sure
    return Definitions(
        gain=given.get("gain", "exp2"),
        ties=str(given.get("ties", "averaged")).replace("_", " "),
        blank=sure.blank,
        preset=said.preset,
        weight=said.columns.weight,
        propensity=said.columns.propensity,
        confidence=sure.confidence,
        resamples=sure.resamples,
        method=sure.method,
        seed=sure.seed,
    )


def _positions(found: pl.DataFrame | None) -> tuple[PositionRate, ...]:
    return () if found is None else tuple(PositionRate(**row) for row in found.to_dicts())


def _reliability(found: pl.DataFrame | None) -> tuple[Bin, ...]:
    if found is None:
        return ()
    return tuple(
        Bin(
            score=row["score"] / row["documents"],
            documents=row["documents"],
            clicked=row["clicked"],
        )
        for row in found.to_dicts()
    )


def _notes(said: Described, measured: Measured) -> Iterator[str]:
    for what, number in measured.counts.items():
        yield f"{number:,} {what}."
    if said.baseline is None and said.columns.position:
        return
    yield (
        f"Parts by the {BY_OUTCOME} are cut by "
        f"{'where it was shown' if said.columns.position else 'what a ranker did with it'}: where"
        " that was on top any other order loses, and where it was low any other one gains. They say"
        " where a ranker fails, not for whom."
    )
