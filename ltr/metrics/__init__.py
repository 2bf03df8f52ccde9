"""Ranking metrics: one float64 value per list, torch and nothing else.

The layouts of lists are those of :mod:`ltr.lists`.
"""

from ltr.metrics._ndcg import ndcg
from ltr.metrics._reduce import Blank, Reduction

__all__ = ["Blank", "Reduction", "ndcg"]
