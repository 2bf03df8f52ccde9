"""Two towers and a scorer over torchrec's embedding tables."""

from ltr.towers.config import TowersConfig
from ltr.towers.parallel import dense_parameters, distribute, plain_weights, process_group
from ltr.towers.ranker import Ranker

__all__ = [
    "Ranker",
    "TowersConfig",
    "dense_parameters",
    "distribute",
    "plain_weights",
    "process_group",
]
