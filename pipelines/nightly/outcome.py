"""How a night ended: what reports, metrics, hooks and exit codes are made of."""

import datetime
from enum import IntEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["promoted", "kept", "failed", "stopped"]


class Exit(IntEnum):
    """Exit codes of `ltr nightly`; they do not change between versions."""

    PROMOTED = 0
    BUG = 1
    BAD_INPUT = 2
    KEPT = 10
    BUSY = 11
    """Another night holds the folder; try again later."""
    INTERRUPTED = 130
    STOPPED = 143
    """SIGTERM; the same command goes on where it stopped."""


class RuleRecord(BaseModel):
    """One rule of the gate applied to one subject."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    """The rule's name, as documented."""
    subject: str
    """What it looked at: a metric, a slice, a column."""
    passed: bool
    applies: bool = True
    """False where there was nothing to judge; ``says`` has the reason, and ``passed`` is True."""
    value: float | None = None
    limit: float | None = None
    low: float | None = None
    """Ends of the confidence interval of ``value``, where it has one."""
    high: float | None = None
    says: str = ""
    """The numbers in a sentence."""


class Outcome(BaseModel):
    """The whole of ``outcome.json`` of a night.

    Example:
        >>> night = Outcome(date=datetime.date(2026, 11, 21), status="kept", exit_code=Exit.KEPT)
        >>> night.exit_code
        10
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: datetime.date
    status: Status
    exit_code: Annotated[int, Field(ge=0)]
    candidate: str | None = None
    """Version of the model that was trained."""
    champion: str | None = None
    """Version in use when the night was over."""
    previous: str | None = None
    """Version in use when it began; None for the baselines."""
    forced: bool = False
    metric: str = "ndcg@10"
    """The headline metric."""
    candidate_value: float | None = None
    champion_value: float | None = None
    difference: float | None = None
    rules: tuple[RuleRecord, ...] = ()
    rows: dict[str, int] = {}
    """Rows of the log: read, kept, filtered, rejected."""
    lists: dict[str, int] = {}
    """Lists by part: train, validation, test."""
    seconds: dict[str, float] = {}
    """How long each step took; 0 for one that was there already."""
    error: str | None = None
    """Why it failed, in a line."""
