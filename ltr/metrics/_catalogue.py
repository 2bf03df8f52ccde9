"""Every metric by its name, with what a report must know of it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from ltr.metrics._auc import auc, group_auc
from ltr.metrics._average_precision import average_precision
from ltr.metrics._average_relevance_position import average_relevance_position
from ltr.metrics._calibration_error import calibration_error
from ltr.metrics._dcg import dcg
from ltr.metrics._expected_reciprocal_rank import expected_reciprocal_rank
from ltr.metrics._hit_rate import hit_rate
from ltr.metrics._ndcg import ndcg
from ltr.metrics._pair_accuracy import pair_accuracy
from ltr.metrics._precision import precision
from ltr.metrics._rank_biased_precision import rank_biased_precision
from ltr.metrics._recall import recall
from ltr.metrics._reciprocal_rank import reciprocal_rank


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric and what a table or a comparison must know of it."""

    function: Callable[..., Tensor]
    higher_is_better: bool = True
    largest: float | None = 1.0
    """The highest value without ``weights``; None: there is none. The lowest is 0."""

    def takes(self, argument: str) -> bool:
        """Whether the function has the argument.

        >>> catalogue["auc"].takes("k"), catalogue["ndcg"].takes("k")
        (False, True)
        """
        return argument in inspect.signature(self.function).parameters


_METRICS = [
    Metric(auc),
    Metric(average_precision),
    Metric(average_relevance_position, higher_is_better=False, largest=None),
    Metric(calibration_error, higher_is_better=False),
    Metric(dcg, largest=None),
    Metric(expected_reciprocal_rank),
    Metric(group_auc),
    Metric(hit_rate),
    Metric(ndcg),
    Metric(pair_accuracy),
    Metric(precision),
    Metric(rank_biased_precision),
    Metric(recall),
    Metric(reciprocal_rank),
]

catalogue: Mapping[str, Metric] = MappingProxyType(
    {metric.function.__name__: metric for metric in _METRICS}
)
"""Every metric by the name of its function."""
