"""The metric by which epochs are compared, by its name."""

import difflib
import re
from dataclasses import dataclass
from typing import Any, Final, Self

from torch import Tensor

from ltr.data.reader import Lists
from ltr.metrics import Metric, catalogue
from ltr.recipe import RecipeError

_KEY: Final = "training.validate_by"
_SHORT: Final = {
    "mrr": "reciprocal_rank",
    "map": "average_precision",
    "err": "expected_reciprocal_rank",
    "rbp": "rank_biased_precision",
    "arp": "average_relevance_position",
    "gauc": "group_auc",
}
# Scores are no probabilities, so there is nothing to calibrate them against.
_NAMES: Final = sorted({*catalogue, *_SHORT} - {"calibration_error"})


@dataclass(frozen=True, slots=True)
class Selection:
    """A metric, and whether one value of it is better than another.

    Example:
        >>> by = Selection.of("mrr@5")
        >>> by.k, by.is_better(0.4, than=0.3)
        (5, True)
    """

    metric: Metric
    k: int | None

    @classmethod
    def of(cls, name: str, *, weighted: bool = False) -> Self:
        """Look a metric up, e.g. ``ndcg@10``, ``mrr``, ``precision@3``.

        Raises:
            RecipeError: There is no such metric (the nearest is told), or it takes no cutoff, or
                documents are ``weighted`` and it cannot weigh them.
        """
        found = re.fullmatch(r"([a-z_]+)(?:@([1-9]\d*))?", name)
        if not found or found[1] not in _NAMES:
            near = difflib.get_close_matches(name.partition("@")[0], _NAMES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(_NAMES)}"
            rule = f"must be a metric such as ndcg@10; got {name!r}; {hint}"
            raise RecipeError(key=_KEY, rule=rule)
        metric = catalogue[_SHORT.get(found[1], found[1])]
        if found[2] and not metric.takes("k"):
            rule = f"{found[1]} counts all ranks and takes no cutoff; got {name!r}"
            raise RecipeError(key=_KEY, rule=rule)
        if weighted and not metric.takes("weights"):
            rule = f"must be a metric that weighs documents, with loss.unbiased; got {name!r}"
            raise RecipeError(key=_KEY, rule=rule)
        return cls(metric, int(found[2]) if found[2] else None)

    def value(self, scores: Tensor, lists: Lists, weights: Tensor | None = None) -> float:
        """The metric's mean over the lists for which it is defined.

        Args:
            scores: [docs] of all lists, in the order of the files.
            lists: What was scored.
            weights: [docs], of the documents' gains; None: all the same.
        """
        options: dict[str, Any] = {} if self.k is None else {"k": self.k}
        if weights is not None:
            options["weights"] = weights
        return float(self.metric.function(scores, lists.grades(), lengths=lists.lengths, **options))

    def is_better(self, value: float, *, than: float | None) -> bool:
        """Whether ``value`` is better than the best one before it, None where it is the first."""
        if than is None:
            return True
        return value > than if self.metric.higher_is_better else value < than
