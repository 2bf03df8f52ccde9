"""Train a ranker on lists, keep it on disk, and score lists with it."""

from ltr.training.checkpoint import (
    EpochRecord,
    ModelCard,
    ModelError,
    load_history,
    load_ranker,
)
from ltr.training.finite import NonFiniteError
from ltr.training.loop import SnapshotPolicy, train
from ltr.training.progress import Progress, Silent, Start, StepRecord, Together
from ltr.training.ranks import LostRankError
from ltr.training.scoring import score
from ltr.training.signals import InterruptedTrainingError
from ltr.training.warm_start import WarmStart

__all__ = [
    "EpochRecord",
    "InterruptedTrainingError",
    "LostRankError",
    "ModelCard",
    "ModelError",
    "NonFiniteError",
    "Progress",
    "Silent",
    "SnapshotPolicy",
    "Start",
    "StepRecord",
    "Together",
    "WarmStart",
    "load_history",
    "load_ranker",
    "score",
    "train",
]
