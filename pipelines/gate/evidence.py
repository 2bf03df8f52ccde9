"""What the gate decides by: numbers of both rankers on the same held-out lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pipelines.inspect.drift import Finding

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """How far predicted and observed relevance are apart, or why that is no question.

    Attributes:
        sums: Float ``[lists, bins + 1]``, of ``ltr.metrics.calibration_sums``; None if the scores
            are no probabilities.
        note: Why they are none.
    """

    sums: Values | None = None
    note: str = "nobody said how its scores become probabilities"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """What a ranker did on the held-out lists.

    Attributes:
        name: As the report calls it, e.g. "v0007".
        values: Float ``[lists]``, the headline metric of every list, higher is better; NaN where
            there is none: no relevant document, or scores that are no numbers.
        documents: Number of documents that were scored.
        not_finite: Of these, how many scores are no finite number.
        orderable: Number of lists of two documents or more.
        constant: Of these, how many have one score for all their documents.
        calibration: Of the scores as probabilities.
    """

    name: str
    values: Values
    documents: int
    not_finite: int = 0
    orderable: int
    constant: int = 0
    calibration: Calibration = field(default_factory=Calibration)


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """A champion that is there but could not be compared, e.g. because its files are damaged."""

    name: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """All that the gate looks at. Lists are in the same order everywhere.

    Attributes:
        metric: Name of the headline metric, e.g. "ndcg@10".
        candidate: The model of this night.
        champion: The model in use; None if there is none yet.
        baselines: By name, float ``[lists]``: the headline metric of every list. Needed while there
            is no champion.
        slices: By column, a word for each list: whose the list is, e.g. ``{"device": [...]}``.
        findings: Of ``pipelines.inspect.drift.compare``; None if there was nothing to compare with.
        no_findings: Why there was nothing.

    Raises:
        ValueError: Not all have the same number of lists, or there is nothing to compare with.

    Example:
        >>> ours = Ranked(name="v0001", values=np.ones(3), documents=9, orderable=3)
        >>> Evidence(metric="ndcg@10", candidate=ours, baselines={"random": np.zeros(3)}).lists
        3
    """

    metric: str
    candidate: Ranked
    champion: Ranked | Absent | None = None
    baselines: Mapping[str, Values] = field(default_factory=dict)
    slices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    findings: Sequence[Finding] | None = None
    no_findings: str = "there are no earlier lists"

    @property
    def lists(self) -> int:
        """Number of held-out lists, blank ones included."""
        return len(self.candidate.values)

    def __post_init__(self) -> None:
        given = {"candidate": len(self.candidate.values)}
        if isinstance(self.champion, Ranked):
            given["champion"] = len(self.champion.values)
        given |= {name: len(values) for name, values in self.baselines.items()}
        given |= {name: len(words) for name, words in self.slices.items()}
        if other := [name for name, lists in given.items() if lists != self.lists]:
            found = f"{self.lists} and {given[other[0]]}"
            msg = f"candidate and {other[0]} must be about the same lists; got {found}"
            raise ValueError(msg)
        if self.champion is None and not self.baselines:
            msg = "a candidate is compared with a champion or with baselines; got neither"
            raise ValueError(msg)
