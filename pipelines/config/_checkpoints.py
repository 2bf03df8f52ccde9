"""``[checkpoints]``: how much of a training a kill may cost."""

from ltr.recipe import Positive
from pipelines.config._base import Config


class Checkpoints(Config):
    """Snapshots of a training that is under way; they are removed when the model is written.

    Example:
        >>> Checkpoints(every=100).keep
        3
    """

    every: Positive = 500
    """Steps from one snapshot to the next."""
    keep: Positive = 3
    """How many of the last ones stay."""
