"""Train a ranker on lists, keep it on disk, and score lists with it."""

from ltr.training.checkpoint import (
    EpochRecord,
    ModelCard,
    ModelError,
    load_history,
    load_ranker,
)
from ltr.training.finite import NonFiniteError
from ltr.training.loop import train
from ltr.training.progress import Progress
from ltr.training.scoring import score

__all__ = [
    "EpochRecord",
    "ModelCard",
    "ModelError",
    "NonFiniteError",
    "Progress",
    "load_history",
    "load_ranker",
    "score",
    "train",
]
