"""``[nightly]``: how the unattended job goes about its night."""

from typing import Annotated

from pydantic import Field

from pipelines.config._base import Config, Name


class Nightly(Config):
    """What ``ltr nightly`` does beside preparing, training and evaluating.

    Example:
        >>> Nightly(score="requests/{date}.parquet").warm_start
        True
    """

    warm_start: bool = True
    """Begin the training with the champion's weights; otherwise with initial ones."""
    score: Name | None = None
    """File of the day that the champion scores, ``{date}`` being the day; None: nothing."""
    quarantine: bool = True
    """Leave out days whose own night refused them for drift, until a later night is forced."""
    keep: Annotated[int, Field(ge=1)] = 30
    """How many nights stay in ``nights``; the champion's stays beyond them."""
    wait: Annotated[float, Field(ge=0, strict=False)] = 600.0
    """Seconds to wait for another night on the same folder, before giving up."""
