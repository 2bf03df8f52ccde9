"""Two towers and a scorer over torchrec's embedding tables."""

from ltr.towers.by_name import make_ranker
from ltr.towers.parallel import (
    dense_parameters,
    distribute,
    fused_state,
    plain_weights,
    process_group,
    set_table_learning_rate,
)
from ltr.towers.ranker import Ranker

__all__ = [
    "Ranker",
    "dense_parameters",
    "distribute",
    "fused_state",
    "make_ranker",
    "plain_weights",
    "process_group",
    "set_table_learning_rate",
]
