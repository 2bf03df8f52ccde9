"""Metrics by name: ``ndcg@10``, ``mrr``, ``map(relevant=2)``, ``rbp(p=0.8)@20``."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipelines.errors import TableError

FAMILIES: Mapping[str, str] = {
    "ndcg": "ndcg",
    "dcg": "dcg",
    "mrr": "reciprocal_rank",
    "rr": "reciprocal_rank",
    "recip_rank": "reciprocal_rank",
    "map": "average_precision",
    "ap": "average_precision",
    "p": "precision",
    "precision": "precision",
    "r": "recall",
    "recall": "recall",
    "hit": "hit_rate",
    "success": "hit_rate",
    "err": "expected_reciprocal_rank",
    "rbp": "rank_biased_precision",
    "opa": "pair_accuracy",
    "arp": "average_relevance_position",
    "auc": "auc",
    "group_auc": "group_auc",
    "gauc": "group_auc",
    "ece": "calibration_error",
    "calibration_error": "calibration_error",
}
"""What may be asked for, and the function of :mod:`ltr.metrics` that computes it."""

Over = Literal["lists", "documents", "log"]
"""What a metric is a mean over: lists that count alike, or as many times as they have documents;
"log": it is computed from all documents together, and is no mean."""

WITHOUT_K = frozenset(
    {"pair_accuracy", "average_relevance_position", "auc", "group_auc", "calibration_error"}
)
TAKES: Mapping[str, frozenset[str]] = {
    "gain": frozenset({"dcg", "ndcg"}),
    "ties": frozenset(FAMILIES.values())
    - {"auc", "calibration_error", "group_auc", "pair_accuracy"},
    "relevant": frozenset(FAMILIES.values())
    - {"average_relevance_position", "dcg", "expected_reciprocal_rank", "ndcg", "pair_accuracy"},
    "propensity": frozenset(FAMILIES.values())
    - {"average_precision", "expected_reciprocal_rank", "hit_rate", "reciprocal_rank"},
}
"""By option of the command line, the functions that it concerns: known without their import."""

LOWER_IS_BETTER = frozenset({"average_relevance_position", "calibration_error"})
OVER: Mapping[str, Over] = {"group_auc": "documents", "calibration_error": "log"}
ARGUMENTS: Mapping[str, Mapping[str, str]] = {
    "rank_biased_precision": {"p": "persistence"},
    "expected_reciprocal_rank": {"max": "max_grade"},
    "calibration_error": {"bins": "bins"},
}
"""By function, what may stand in brackets, and the argument that it is."""

FORM = re.compile(r"([a-z_]+)(?:\(([^()]*)\))?(?:@(.+))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A metric that was asked for.

    Attributes:
        name: As it was asked for, e.g. "ndcg@10".
        function: Its name in :mod:`ltr.metrics`.
        k: Ranks that count; None: all.
        arguments: Of the function.
    """

    name: str
    function: str
    k: int | None = None
    arguments: Mapping[str, float] = field(default_factory=dict)

    @property
    def lower_is_better(self) -> bool:
        """Whether a smaller value is the better one."""
        return self.function in LOWER_IS_BETTER

    @property
    def over(self) -> Over:
        """What it is a mean over: lists, which all count alike, or documents, or no mean at all."""
        return OVER.get(self.function, "lists")

    @property
    def is_pooled(self) -> bool:
        """Whether it is computed from the documents of all lists together."""
        return self.over == "log"


def parse_metrics(text: str) -> tuple[Metric, ...]:
    """Read a list of metrics, parted by commas.

    Raises:
        TableError: A metric is not known (the nearest is told), its k is not a whole number from
            1, or one is asked for twice.

    Example:
        >>> [(one.function, one.k) for one in parse_metrics("ndcg@10, mrr")]
        [('ndcg', 10), ('reciprocal_rank', None)]
        >>> parse_metrics("ndgc@10")
        Traceback (most recent call last):
        pipelines.errors.TableError: --metrics: unknown metric 'ndgc'; did you mean 'ndcg'?
    """
    names = [name.strip() for name in re.split(r",(?![^(]*\))", text) if name.strip()]
    metrics = tuple(_parse(name) for name in names)
    if not metrics or len(set(names)) < len(names):
        msg = f"--metrics: must name metrics, each once, parted by commas; got {text!r}"
        raise TableError(msg)
    return metrics


def _parse(name: str) -> Metric:
    found = FORM.fullmatch(name.lower())
    if not found:
        msg = f"--metrics: a metric reads like ndcg@10, mrr or rbp(p=0.8)@20; got {name!r}"
        raise TableError(msg)
    family, arguments, k = found.groups()
    if family not in FAMILIES:
        near = difflib.get_close_matches(family, FAMILIES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(FAMILIES)}"
        msg = f"--metrics: unknown metric {family!r}; {hint}"
        raise TableError(msg)
    function = FAMILIES[family]
    return Metric(
        name=name.lower(),
        function=function,
        k=_cutoff(name, function, k),
        arguments=_arguments(name, function, arguments or ""),
    )


def _cutoff(name: str, function: str, k: str | None) -> int | None:
    if k is None:
        return None
    if function in WITHOUT_K:
        msg = f"--metrics: {name.partition('@')[0]} counts all ranks and takes no k; got {name!r}"
        raise TableError(msg)
    if not k.isdecimal() or int(k) < 1:
        msg = f"--metrics: k must be a whole number from 1; got {name!r}"
        raise TableError(msg)
    return int(k)


def _whole(value: float) -> float:
    return int(value) if value.is_integer() else value


def _arguments(name: str, function: str, text: str) -> dict[str, float]:
    known, found = ARGUMENTS.get(function, {}), {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = part.partition("=")
        try:
            found[key.strip()] = _whole(float(value))
        except ValueError:
            msg = f"--metrics: an argument reads like p=0.8; got {name!r}"
            raise TableError(msg) from None
    if unknown := sorted(set(found) - set(known)):
        has = ", ".join(known) or "none"
        msg = f"--metrics: {function} has the arguments {has}; got {unknown[0]!r}"
        raise TableError(msg)
    return {known[key]: value for key, value in found.items()}
