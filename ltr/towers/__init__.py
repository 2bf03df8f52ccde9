"""Two towers and a scorer over torchrec's embedding tables."""

from ltr.towers.by_name import make_ranker
from ltr.towers.folded import folded
from ltr.towers.parallel import (
    dense_parameters,
    distribute,
    fill,
    fused_state,
    plain_weights,
    process_group,
    set_table_learning_rate,
)
from ltr.towers.ranker import Ranker, is_table, table_columns

__all__ = [
    "Ranker",
    "dense_parameters",
    "distribute",
    "fill",
    "folded",
    "fused_state",
    "is_table",
    "make_ranker",
    "plain_weights",
    "process_group",
    "set_table_learning_rate",
    "table_columns",
]
