"""What the report of a scored table holds: metrics, slices, worst lists, one ranker or two."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator
from pydantic import model_validator as checked_model

from pipelines.report.counterfactual_record import Counterfactual
from pipelines.report.parts import (
    BINS,
    CURVE_KS,
    Counts,
    Estimate,
    Number,
    PositionRate,
    Record,
    Settings,
)
from pipelines.table.names import Over

BY_OUTCOME = "first relevant document"
"""How slices begin that part the lists by what was relevant in them, not by whom they are for."""


class Definitions(Record):
    """How every number of the report is defined."""

    gain: Literal["exp2", "linear"] | tuple[float, ...]
    ties: str
    blank: Literal["skip", "zero", "one"]
    preset: str | None = None
    weight: str | None = None
    """Column that lists are weighted by."""
    propensity: str | None = None
    """Column that documents are weighted by the inverse of."""
    confidence: float
    resamples: int
    """0: no intervals were asked for."""
    method: str
    seed: int


class Measure(Record):
    """One metric of the candidate, and of the baseline if there is one."""

    name: str
    lower_is_better: bool = False
    over: Over = "lists"
    candidate: Estimate
    baseline: Estimate | None = None
    difference: Estimate | None = None
    """Candidate minus baseline, paired over the same lists."""
    p: Number = None
    """Of the paired randomisation test: how often chance alone gives a difference this large."""
    detectable: Number = None
    """The smallest difference that so many lists would show four times out of five."""


class Slice(Record):
    """The headline metric over a part of the lists."""

    by: str
    value: str
    lists: int
    """Lists in the slice, with and without a value."""
    candidate: Estimate
    baseline: Estimate | None = None
    difference: Estimate | None = None
    p: Number = None
    """Of the difference, or with one ranker of the difference to all other lists."""
    p_holm: Number = None
    """The same, adjusted for the number of slices that were looked at (Holm 1979)."""


class Bin(Record):
    """Documents whose score, taken as a probability, lies in one bin."""

    score: float
    """Mean score."""
    documents: int
    clicked: int
    """Documents with a label above 0."""


class WorstDocument(Record):
    """A document of a list that went wrong, at the rank the candidate gave it."""

    rank: int
    baseline_rank: int | None = None
    label: float
    score: float
    text: str


class WorstList(Record):
    """A list on which the candidate does worst, or loses most against the baseline."""

    query: str
    documents: int
    candidate: Number
    baseline: Number = None
    shown: tuple[WorstDocument, ...] = ()


class Side(Record):
    """What curves are drawn from, for one ranker."""

    name: str
    by_k: tuple[Number, ...]
    """Mean NDCG at each k of ``CURVE_KS``."""
    histogram: tuple[int, ...]
    """Lists in each of ``BINS`` bins of the headline metric, blank lists left out."""

    @checked_model(mode="after")
    def _is_whole(self) -> Self:
        if (len(self.by_k), len(self.histogram)) != (len(CURVE_KS), BINS):
            msg = f"{self.name}: by_k must hold {len(CURVE_KS)} numbers and histogram {BINS}"
            raise ValueError(msg)
        return self


def _without_zeros(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


class TableReport(Record):
    """Everything the report of a table says."""

    format: Literal["ltr-table-report/1"] = "ltr-table-report/1"
    source: str
    columns: Settings
    """Which column plays which part."""
    definitions: Definitions
    rows: int
    lists: int
    counts: Annotated[Counts, AfterValidator(_without_zeros)]
    """Rows, documents or lists by what was unusual about them."""
    metrics: tuple[Measure, ...]
    headline: str
    """Name of the metric that the report leads with."""
    sides: tuple[Side, ...]
    """The candidate, then the baseline."""
    slices: tuple[Slice, ...] = ()
    """Worst first."""
    positions: tuple[PositionRate, ...] = ()
    reliability: tuple[Bin, ...] = ()
    worst: tuple[WorstList, ...] = ()
    counterfactual: Counterfactual | None = None
    notes: tuple[str, ...] = ()

    @property
    def lead(self) -> Measure:
        """The metric that the report leads with."""
        return next(one for one in self.metrics if one.name == self.headline)

    @property
    def baseline(self) -> str | None:
        """Name of the baseline, if there is one."""
        return self.sides[1].name if len(self.sides) > 1 else None

    @checked_model(mode="after")
    def _headline_is_measured(self) -> Self:
        if self.headline not in [one.name for one in self.metrics]:
            msg = f"headline must be one of the metrics; got {self.headline!r}"
            raise ValueError(msg)
        return self


class PolicyReport(Record):
    """Everything the report of a policy's log says: rows of choices, which nothing ranks."""

    format: Literal["ltr-policy-report/1"] = "ltr-policy-report/1"
    source: str
    columns: Settings
    """Which column plays which part."""
    counterfactual: Counterfactual
