"""Ranking metrics: one float64 value per list, torch and nothing else.

The layouts of lists are those of :mod:`ltr.lists`. All metrics have one contract,

    ``f(scores, labels, *, k, lengths, mask, weights, list_weights, <own>, blank, reduction)``,

of which they leave out what has no meaning for them: ``k`` where all documents count, and
``weights`` of documents where the value is no sum over documents or pairs, so that inverse
propensities would not give an unbiased estimate.
"""

from ltr.metrics._auc import auc, group_auc
from ltr.metrics._average_precision import average_precision
from ltr.metrics._average_relevance_position import average_relevance_position
from ltr.metrics._calibration_error import calibration_error, calibration_sums
from ltr.metrics._catalogue import Metric, catalogue
from ltr.metrics._dcg import dcg
from ltr.metrics._expected_reciprocal_rank import expected_reciprocal_rank
from ltr.metrics._gains import Gain
from ltr.metrics._hit_rate import hit_rate
from ltr.metrics._ndcg import ndcg
from ltr.metrics._pair_accuracy import pair_accuracy
from ltr.metrics._precision import precision
from ltr.metrics._preset import NdcgArguments, Preset, preset
from ltr.metrics._rank_biased_precision import rank_biased_precision
from ltr.metrics._ranked import Ties
from ltr.metrics._recall import recall
from ltr.metrics._reciprocal_rank import reciprocal_rank
from ltr.metrics._reduce import Blank, Reduction
from ltr.metrics._regroup import Regrouped, regroup
from ltr.metrics._running import RunningMean

__all__ = [
    "Blank",
    "Gain",
    "Metric",
    "NdcgArguments",
    "Preset",
    "Reduction",
    "Regrouped",
    "RunningMean",
    "Ties",
    "auc",
    "average_precision",
    "average_relevance_position",
    "calibration_error",
    "calibration_sums",
    "catalogue",
    "dcg",
    "expected_reciprocal_rank",
    "group_auc",
    "hit_rate",
    "ndcg",
    "pair_accuracy",
    "precision",
    "preset",
    "rank_biased_precision",
    "recall",
    "reciprocal_rank",
    "regroup",
]
