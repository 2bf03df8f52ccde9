"""``[gate]``: what a candidate must show before it takes the champion's place.

What each rule looks at, and why its limit is what it is: ``docs/gate.md``.
"""

from typing import Annotated, Literal

from pydantic import Field

from pipelines.config._base import Config, Names

Margin = Annotated[float, Field(ge=0, le=1)]
OffRule = Literal["baseline", "constant", "calibration", "drift"]
"""Rules that a job may do without; the others are what makes it a gate."""


class Gate(Config):
    """Limits of the rules by which a candidate is promoted.

    Example:
        >>> Gate(margin=0.005).slice_margin
        0.03
    """

    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """One-sided: a candidate that is worse by the margin is promoted in 5 % of the nights."""
    margin: Margin = 0.01
    """By how much the headline metric may be worse than the champion's."""
    first_margin: Margin = 0.0
    """The same against the best baseline, while there is no champion."""
    min_lists: Annotated[int, Field(ge=2)] = 200
    """Held-out lists with a relevant document."""
    slices: Names = ()
    """Columns of ``evaluation.by``: no value of theirs may be worse by ``slice_margin``."""
    slice_margin: Margin = 0.03
    slice_min_lists: Annotated[int, Field(ge=2)] = 100
    """A value with fewer lists is shown and not judged."""
    calibration: Margin = 0.05
    """Expected calibration error, where the loss makes scores probabilities."""
    constant: Margin = 0.5
    """Share of the lists whose documents all get one score."""
    off: Annotated[tuple[OffRule, ...], Field(strict=False)] = ()
    """Rules that are not applied."""
