"""What the gate decided, and by which numbers: one record, kept with the night and the version."""

from typing import Literal

from pipelines.nightly.outcome import RuleRecord
from pipelines.report.parts import Estimate, Record
from pipelines.report.words import count

Kind = Literal["all lists", "slice", "baseline"]


class Compared(Record):
    """The candidate against one other ranker, on all lists or on those of one slice."""

    kind: Kind
    against: str
    """Name of the other ranker."""
    column: str | None = None
    """Of a slice."""
    word: str | None = None
    """The column's value."""
    candidate: Estimate
    other: Estimate
    difference: Estimate
    """Candidate minus the other, paired; ``low`` is the one-sided bound."""
    margin: float | None = None
    """What the difference may fall below 0; None if no rule looks at it."""
    judged: bool = False
    """Whether a rule looked at it: a slice of too few lists is shown only."""

    @property
    def subject(self) -> str:
        """What it is about, in words."""
        if self.kind == "slice":
            return f"{self.column}: {self.word}"
        return "all lists" if self.kind == "all lists" else f"against {self.against}"

    @property
    def held(self) -> bool:
        """Whether the difference is, with confidence, not below the margin."""
        low = self.difference.low
        return self.margin is not None and low is not None and low >= -self.margin


class Verdict(Record):
    """The whole of ``gate.json`` of a night.

    Attributes are all that the night's report shows of the decision.
    """

    format: Literal["ltr-gate/1"] = "ltr-gate/1"
    promote: bool
    forced: bool = False
    """Whether it is promoted although a rule failed, because a person said so."""
    metric: str
    candidate: str
    champion: str
    """What it was compared with: a version, or a baseline if ``first``."""
    first: bool = False
    """Whether there was no champion, so that the best baseline stood for it."""
    confidence: float
    """One-sided; intervals are two-sided with twice the error."""
    rules: tuple[RuleRecord, ...]
    compared: tuple[Compared, ...] = ()
    """All lists first, then slices, then baselines."""

    @property
    def failed(self) -> tuple[RuleRecord, ...]:
        """Rules that the candidate breaks."""
        return tuple(one for one in self.rules if not one.passed)

    @property
    def headline(self) -> Compared | None:
        """The comparison over all lists; None if the champion could not be compared."""
        return next((one for one in self.compared if one.kind == "all lists"), None)

    @property
    def why(self) -> str:
        """The reason in a line, for a log, a hook or the registry."""
        if not self.failed:
            applied = sum(one.applies for one in self.rules)
            return f"all {count(applied)} rules hold"
        first, others = self.failed[0], len(self.failed) - 1
        more = f" (and {count(others)} more)" if others else ""
        said = f"{first.rule}: {first.says}{more}"
        return f"forced, although {said}" if self.forced else said
