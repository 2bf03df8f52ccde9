"""``[training]``: how long and how fast to train, and what to begin with."""

from ltr.recipe import TrainingConfig
from pipelines.config._base import Name

PREVIOUS = "previous"


class Training(TrainingConfig):
    """How long and how fast to train, and what to begin with."""

    warm_start: Name | None = None
    """The model to begin with: its folder or its run's, or ``previous``, the one that ``output``
    holds; None: initial weights."""

    @property
    def config(self) -> TrainingConfig:
        """What the model's recipe holds of it: not where an earlier model lies."""
        return TrainingConfig(**self.model_dump(exclude={"warm_start"}))
