"""Offline evaluation: how sure a number is, which model is better, what a new one would get."""

from ltr.evaluation.bootstrap import Method
from ltr.evaluation.counterfactual import evaluate_policy, evaluate_ranking
from ltr.evaluation.estimators import Counterfactual
from ltr.evaluation.examination import click_model_curve, harvested_curve, shuffled_curve
from ltr.evaluation.function_of_sums import function_interval
from ltr.evaluation.importance import WeightDiagnostics, weight_diagnostics
from ltr.evaluation.intervals import (
    Interval,
    difference_interval,
    difference_intervals,
    mean_interval,
    mean_intervals,
)
from ltr.evaluation.multiplicity import holm
from ltr.evaluation.position_curve import position_curve
from ltr.evaluation.power import Detectable, minimum_detectable_difference
from ltr.evaluation.randomisation import Randomisation, randomisation_test, randomisation_tests

__all__ = [
    "Counterfactual",
    "Detectable",
    "Interval",
    "Method",
    "Randomisation",
    "WeightDiagnostics",
    "click_model_curve",
    "difference_interval",
    "difference_intervals",
    "evaluate_policy",
    "evaluate_ranking",
    "function_interval",
    "harvested_curve",
    "holm",
    "mean_interval",
    "mean_intervals",
    "minimum_detectable_difference",
    "position_curve",
    "randomisation_test",
    "randomisation_tests",
    "shuffled_curve",
    "weight_diagnostics",
]
