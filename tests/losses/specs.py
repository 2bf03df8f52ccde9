"""How the laws draw inputs for a loss.

A loss joins the laws by its name in ``ltr.losses.catalogue``. One with the contract of a list loss
needs no entry here unless it needs arguments; others name the function that draws for them. A word
after the name makes a case of its own: "lambda_loss ndcg2".
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ltr.losses import catalogue


@dataclass
class Call:
    """Inputs of a loss: where the laws vary the scores, these are the first to be called with."""

    scores: Tensor
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


SPECS = {
    "approx_ndcg": Spec(saturates=True),
    "calibrated_softmax": Spec(pairless=True, anchored=True),
    "focal": Spec(pairless=True),
    "grade_cross_entropy": Spec(pairless=True),
    "hinge": Spec(pairless=True),
    "jrc": Spec(pairless=True),
    "neural_ndcg": Spec(saturates=True),
    "ordinal": Spec(pairless=True),
    "rank_cross_entropy": Spec(_blocks, {"num_neg": 2}),
    "rank_hinge": Spec(_blocks, {"num_neg": 2}),
    "sigmoid_cross_entropy": Spec(pairless=True),
    "squared_error": Spec(pairless=True, overflows=True),
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
WEIGHTED_NAMES = [name for name in NAMES if takes(name, "weights")]


def draw(name: str, seed: int = 0) -> Call:
    return (spec_of(name).draw or _lists)(torch.Generator().manual_seed(seed))


def loss_of(name: str) -> Callable[..., Tensor]:
    """The loss with its arguments for the laws set."""
    spec, function = spec_of(name), function_of(name)

    def call(scores: Tensor, labels: Tensor, **others: Any) -> Tensor:
        return function(scores, **{spec.labels: labels}, **{**spec.arguments, **others})

    return call
