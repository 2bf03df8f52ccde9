"""Which losses make a score a probability, and which one it is.

A ranking loss sees differences of scores only: a model trained by it says which document goes
first and nothing about how often it is clicked. Of such a model no calibration is asked, and that
is said.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ltr.data.reader import Lists
from ltr.metrics import calibration_sums
from ltr.recipe import LossConfig
from pipelines.gate.evidence import Calibration


class Link(NamedTuple):
    """From scores to probabilities of a grade above 0; None, and why, if there is no way."""

    function: Callable[[Tensor], Tensor] | None
    note: str


def link_of(loss: LossConfig, highest_grade: int) -> Link:
    """Say what a model's scores are as probabilities.

    Args:
        loss: What the model was trained by.
        highest_grade: Of the lists: an expected grade is a probability where grades are 0 and 1.

    Example:
        >>> link_of(LossConfig(name="graded_hinge"), 1).note
        'graded_hinge ranks: its scores say which document goes first, not how probable a click is'
    """
    if loss.unbiased:
        why = "loss.unbiased learns what is relevant, and clicks also say what was seen"
        return Link(None, why)
    if loss.name in ("calibrated_softmax", "squared_error"):
        return _expected_grade(loss, highest_grade)
    return _logit(loss)


def calibration_of(scores: Tensor, lists: Lists, loss: LossConfig | None) -> Calibration:
    """Measure how far the scores of all lists are from being probabilities of what was seen.

    Args:
        scores: Float ``[docs]``.
        lists: The lists that were scored.
        loss: Of the model; None for a ranker that was not trained.
    """
    if loss is None:
        return Calibration(note="its scores are of no model")
    grades = lists.grades()
    link = link_of(loss, int(grades.max()) if len(grades) else 0)
    if link.function is None:
        return Calibration(note=link.note)
    if not bool(scores.isfinite().all()):
        return Calibration(note="not all of its scores are finite numbers")
    shares = link.function(scores.detach().double().cpu())
    sums = calibration_sums(shares, grades, lengths=lists.lengths)
    return Calibration(sums=np.asarray(sums.numpy(), np.float64), note="")


def _expected_grade(loss: LossConfig, highest_grade: int) -> Link:
    if highest_grade > 1:
        why = f"{loss.name} learns the expected grade, no probability with grades above 1"
        return Link(None, why)
    if loss.name == "squared_error":
        return Link(lambda scores: scores.clamp(0, 1), "")
    anchor = _number(loss, "anchor", 1.0)
    return Link(lambda scores: (anchor * scores.exp()).clamp(max=1), "")


def _logit(loss: LossConfig) -> Link:
    """Losses whose minimum is the logit of a grade above 0."""
    if loss.name == "sigmoid_cross_entropy":
        return Link(torch.sigmoid, "")
    if loss.name == "jrc":
        ranks_only = _number(loss, "alpha", 0.5) == 0
        return Link(None, "jrc with alpha 0 ranks only") if ranks_only else Link(torch.sigmoid, "")
    if loss.name == "focal":
        even = loss.arguments.get("alpha") in (None, 0.5) and _number(loss, "gamma", 2.0) == 0
        why = "focal turns easy documents down, which takes its scores off the probabilities"
        return Link(torch.sigmoid, "") if even else Link(None, why)
    if loss.name == "ordinal" and _number(loss, "grades", 5) == 2:
        return Link(lambda scores: torch.sigmoid(scores - 0.5), "")
    why = "its scores say which document goes first, not how probable a click is"
    return Link(None, f"{loss.name} ranks: {why}")


def _number(loss: LossConfig, name: str, default: float) -> float:
    value = loss.arguments.get(name)
    return float(value) if isinstance(value, int | float) else default
