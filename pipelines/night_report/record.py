"""What the report of a night is written from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pipelines.gate.verdict import Verdict
from pipelines.inspect.drift import Finding
from pipelines.nightly.outcome import Outcome
from pipelines.report.record import Report


class LogFile(Protocol):
    """One file that the lists were made of."""

    @property
    def file(self) -> str:
        """Its name."""

    @property
    def sha256(self) -> str:
        """Its checksum, hexadecimal."""

    @property
    def rows(self) -> int | None:
        """How many rows it holds, if that is known."""


class Lineage(Protocol):
    """Where a model comes from."""

    @property
    def code(self) -> str:
        """Version of the code that made it."""

    @property
    def parent(self) -> str | None:
        """The version that its training began with."""

    @property
    def files(self) -> Sequence[LogFile]:
        """The files of the log."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """A night, as far as it came: what is None was not reached.

    Attributes:
        job: Name of the run, for the head of the page.
        outcome: How it ended.
        verdict: What the gate decided.
        report: Of the evaluation.
        findings: How tonight's lists differ from those of the champion.
        lineage: What the candidate was made of.
    """

    job: str
    outcome: Outcome
    verdict: Verdict | None = None
    report: Report | None = None
    findings: Sequence[Finding] | None = None
    lineage: Lineage | None = None
