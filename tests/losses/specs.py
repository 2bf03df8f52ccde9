"""How the laws draw inputs for a loss.

A loss joins the laws by its name in ``ltr.losses.catalogue``. One with the contract of a list loss
needs no entry here unless it needs arguments; others name the function that draws for them. A word
after the name makes a case of its own: "lambda_loss ndcg1".
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from ltr.losses import LambdaWeight, catalogue


@dataclass
class Call:
    """Inputs of a loss: where the laws vary the scores, these are the first to be called with."""

    scores: Tensor
    """What the loss takes first: of an embedding loss, embeddings or distances."""
    labels: Tensor
    tensors: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Spec:
    """What the laws must know of a loss."""

    draw: Callable[[torch.Generator], Call] | None = None
    """Draws its inputs in float64, away from corners; None: a list loss."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """Its own arguments in the laws."""
    pairless: bool = False
    """It has a value for a list without a pair; its docstring says why."""
    overflows: bool = False
    """Its value for scores of 1e4 is beyond float16; its docstring says so."""
    saturates: bool = False
    """Its gradient vanishes for a badly inverted pair; its docstring says why."""
    anchored: bool = False
    """A part of it has no weight; its docstring says why."""
    labels: str = "labels"
    """The argument that the labels of the call are given as."""
    compares_all: bool = False
    """All of the batch is compared: the same batch four times over has other pairs."""
    has_constant_factors: bool = False
    """Its paper keeps factors out of the gradient, which then is not that of the value."""


def _lists(generator: torch.Generator) -> Call:
    scores = torch.randn(4, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 4, (4, 5), generator=generator)
    mask = torch.rand(4, 5, generator=generator) < 0.8
    # Lists with nothing to compare: one without a document, one with equal grades.
    mask[0], labels[1] = False, 0
    return Call(scores, labels, {"mask": mask})


def _blocks(generator: torch.Generator) -> Call:
    # Close together, so that no block is without a loss.
    scores = torch.randn(12, generator=generator, dtype=torch.float64) / 4
    return Call(scores, torch.tensor([2, 0, 1] * 4))


def _distances(generator: torch.Generator) -> Call:
    distances = torch.rand(6, generator=generator, dtype=torch.float64) + 0.5
    return Call(distances, torch.tensor([1, -1] * 3))


def _pairs(generator: torch.Generator) -> Call:
    left, right = torch.randn(2, 6, 3, generator=generator, dtype=torch.float64)
    return Call(left, torch.tensor([1, -1] * 3), {"right": right})


def _classes(generator: torch.Generator) -> Call:
    embeddings = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    # One class of its own: an anchor without a positive.
    return Call(embeddings, torch.tensor([0, 1, 0, 2, 1, 0, 1]))


def _towers(generator: torch.Generator) -> Call:
    queries, documents = torch.randn(2, 5, 3, generator=generator, dtype=torch.float64)
    log_q = torch.rand(5, generator=generator, dtype=torch.float64).log()
    # Queries 0 and 2 have one document.
    ids = torch.tensor([7, 8, 7, 9, 5])
    return Call(queries, ids, {"documents": documents, "log_q": log_q})


def _of_classes(**arguments: Any) -> Spec:
    return Spec(_classes, arguments, labels="classes", compares_all=True)


def _score_pairs(generator: torch.Generator) -> Call:
    left, right = torch.randn(2, 6, generator=generator, dtype=torch.float64)
    return Call(left, torch.tensor([1, -1, 0] * 2), {"right": right})


# Margins so wide that no pair is without a loss.
SPECS = {
    "approx_ndcg": Spec(saturates=True),
    "calibrated_softmax": Spec(pairless=True, anchored=True),
    "circle": replace(_of_classes(gamma=4.0), has_constant_factors=True),
    "contrastive": Spec(_pairs, {"margin": 20.0}),
    "cosine_embedding": Spec(_pairs, {"margin": -1.0}),
    "focal": Spec(pairless=True),
    "grade_cross_entropy": Spec(pairless=True),
    "graded_hinge by pairs": Spec(arguments={"pair_weight": LambdaWeight("ndcg2")}),
    "hinge": Spec(pairless=True),
    "hinge_embedding": Spec(_distances, {"margin": 2.0}),
    "in_batch_softmax": Spec(
        _towers, {"temperature": 0.5}, labels="document_ids", compares_all=True
    ),
    "jrc": Spec(pairless=True),
    "lambda_loss ndcg1": Spec(arguments={"scheme": "ndcg1", "k": 2}),
    "lambda_loss ndcg2++": Spec(arguments={"scheme": "ndcg2++"}, overflows=True),
    "margin_ranking": Spec(_score_pairs, {"margin": 20.0}),
    "neural_ndcg": Spec(saturates=True),
    "ordinal": Spec(pairless=True),
    "rank_cross_entropy": Spec(_blocks, {"num_neg": 2}),
    "rank_hinge": Spec(_blocks, {"num_neg": 2}),
    "sigmoid_cross_entropy": Spec(pairless=True),
    "squared_error": Spec(pairless=True, overflows=True),
    "triplet_margin hard": _of_classes(margin=9.0, mining="hard"),
    "triplet_margin semi_hard": _of_classes(margin=9.0, mining="semi_hard", squared=True),
    "triplet_margin": _of_classes(margin=9.0),
}

NAMES = sorted({*catalogue, *SPECS})
LIST_NAMES = [name for name in NAMES if SPECS.get(name, Spec()).draw is None]


def spec_of(name: str) -> Spec:
    return SPECS.get(name, Spec())


def function_of(name: str) -> Callable[..., Tensor]:
    return catalogue[name.split()[0]].function


def takes(name: str, argument: str) -> bool:
    return argument in inspect.signature(function_of(name)).parameters


SCORE_NAMES = [name for name in NAMES if takes(name, "scores")]
# margin_ranking takes pairs, but of scores.
EMBEDDING_NAMES = [
    name for name in NAMES if not (takes(name, "scores") or name == "margin_ranking")
]
WEIGHTED_NAMES = [name for name in NAMES if takes(name, "weights")]


def draw(name: str, seed: int = 0) -> Call:
    return (spec_of(name).draw or _lists)(torch.Generator().manual_seed(seed))


def loss_of(name: str) -> Callable[..., Tensor]:
    """The loss with its arguments for the laws set."""
    spec, function = spec_of(name), function_of(name)

    def call(scores: Tensor, labels: Tensor, **others: Any) -> Tensor:
        return function(scores, **{spec.labels: labels}, **{**spec.arguments, **others})

    return call
