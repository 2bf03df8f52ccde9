"""What the report of a job holds: one record that the JSON, Markdown and HTML are written from."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator
from pydantic import model_validator as checked_model

from ltr.data.manifest import Events, Rows
from pipelines.report.parts import (
    BINS,
    CURVE_KS,
    Estimate,
    Grades,
    Number,
    PositionRate,
    Record,
    Settings,
    sorted_by_key,
)
from pipelines.report.table_record import TableReport


class Ranker(Record):
    """The model or a baseline: its quality on the held-out lists."""

    name: str
    ndcg: Annotated[Mapping[int, Estimate], AfterValidator(sorted_by_key)]
    """NDCG at each cutoff of the rules."""
    by_k: tuple[Number, ...]
    """Mean NDCG at each k of ``CURVE_KS``."""
    histogram: tuple[int, ...]
    """Lists in each of ``BINS`` bins of NDCG at the headline cutoff, blank lists left out."""


class Difference(Record):
    """Model minus the baseline that is best at this cutoff, paired over the same lists."""

    cutoff: int
    baseline: str
    estimate: Estimate


class Rules(Record):
    """How every number of the report is defined."""

    gain: Literal["exp2", "linear"] | tuple[float, ...]
    """2^grade - 1, the grade itself, or a table: the gain of grade 0, 1, 2 …"""
    ties: Literal["averaged"] = "averaged"
    blank: Literal["skip", "zero", "one"] = "skip"
    """What a list without a relevant document counts as: nothing, 0 or 1."""
    unbiased: bool = False
    """Whether gains are divided by the propensity of the document."""
    cutoffs: tuple[int, ...] = (1, 5, 10)
    confidence: float = 0.95
    resamples: int = 2000
    seed: int = 0

    @property
    def headline_cutoff(self) -> int:
        """The cutoff the report leads with: 10 if it is among them, else the largest."""
        return 10 if 10 in self.cutoffs else max(self.cutoffs)


class Epoch(Record):
    """One epoch of the learning curve."""

    epoch: int
    train_loss: Number
    validation_ndcg: Number
    validation_value: Number | None = None
    """Of `training.validate_by`, where that is not NDCG@10."""


class Training(Record):
    """What was trained, and how it went."""

    loss: str
    arguments: Settings = {}  # noqa: RUF012 - pydantic copies it
    """Of the loss, as given in the job."""
    towers: Settings = {}  # noqa: RUF012 - pydantic copies it
    """Sizes of the towers, as given in the job."""
    epochs: tuple[Epoch, ...]
    best_epoch: int


class Split(Record):
    """One part of the lists."""

    lists: int
    documents: int
    grades: Grades
    first: str
    last: str


class Data(Record):
    """Where the lists come from."""

    rows: Rows
    events: Events | None = None
    train: Split
    validation: Split
    test: Split

    @property
    def splits(self) -> dict[str, Split]:
        """The three parts by name, in order of time."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


class Report(Record):
    """Everything the report says. Written by :func:`pipelines.report.write_report`."""

    format: Literal["ltr-report/1"] = "ltr-report/1"
    job: str
    rules: Rules
    model: Ranker
    baselines: tuple[Ranker, ...]
    differences: tuple[Difference, ...]
    """One per cutoff."""
    lists: TableReport | None = None
    """The model against the best baseline at the headline cutoff: every metric, part of the lists,
    and the lists on which it loses most."""
    positions: tuple[PositionRate, ...]
    training: Training
    data: Data
    notes: tuple[str, ...] = ()
    """What a reader must know to read the numbers rightly, one paragraph each."""

    @property
    def rankers(self) -> tuple[Ranker, ...]:
        """The model, then the baselines."""
        return (self.model, *self.baselines)

    @property
    def headline(self) -> Difference:
        """The difference at the headline cutoff."""
        cutoff = self.rules.headline_cutoff
        return next(one for one in self.differences if one.cutoff == cutoff)

    @checked_model(mode="after")
    def _all_parts_fit(self) -> Self:
        names = [ranker.name for ranker in self.rankers]
        if len(set(names)) < len(names):
            msg = f"rankers must have different names; got {names}"
            raise ValueError(msg)
        _require_cutoffs("differences", [one.cutoff for one in self.differences], self.rules)
        for one in self.differences:
            if one.baseline not in names[1:]:
                msg = f"differences: must be a baseline of the report; got {one.baseline!r}"
                raise ValueError(msg)
        for ranker in self.rankers:
            _require_cutoffs(ranker.name, list(ranker.ndcg), self.rules)
            if (len(ranker.by_k), len(ranker.histogram)) != (len(CURVE_KS), BINS):
                msg = (
                    f"{ranker.name}: by_k must hold {len(CURVE_KS)} numbers and histogram {BINS};"
                    f" got {len(ranker.by_k)} and {len(ranker.histogram)}"
                )
                raise ValueError(msg)
        return self


def _require_cutoffs(name: str, got: list[int], rules: Rules) -> None:
    if sorted(got) != sorted(rules.cutoffs):
        msg = f"{name}: cutoffs must be those of the rules, {list(rules.cutoffs)}; got {got}"
        raise ValueError(msg)
