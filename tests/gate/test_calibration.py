"""A loss is asked for calibration only if its minimum is a probability: shown by minimising it."""

import pytest
import torch
from pydantic import JsonValue

from ltr import losses
from ltr.recipe import LossConfig
from pipelines.gate.calibration import link_of

RATE = 0.2
CALIBRATED: list[tuple[str, dict[str, JsonValue]]] = [
    ("sigmoid_cross_entropy", {}),
    ("jrc", {"alpha": 0.5}),
    ("focal", {"gamma": 0.0}),
    ("focal", {"gamma": 0, "alpha": 0.5}),
    ("ordinal", {"grades": 2}),
    ("calibrated_softmax", {}),
    ("calibrated_softmax", {"anchor": 0.25}),
    ("squared_error", {}),
]


def minimum(name, arguments):
    """The score that minimises the loss, if every document of every list is alike."""
    labels = torch.zeros(1, 10, dtype=torch.float64)
    labels[:, : round(10 * RATE)] = 1
    scores = torch.linspace(-6, 3, 9001, dtype=torch.float64)
    every = scores[:, None].expand(-1, 10)
    values = getattr(losses, name)(every, labels.expand_as(every), reduction="none", **arguments)
    return scores[values.argmin()]


@pytest.mark.parametrize(("name", "arguments"), CALIBRATED)
def test_at_the_minimum_of_the_loss_the_probability_is_the_share_of_clicks(name, arguments):
    link = link_of(LossConfig(name=name, arguments=arguments), highest_grade=1)
    assert link.function is not None
    assert float(link.function(minimum(name, arguments))) == pytest.approx(RATE, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "arguments"), [("focal", {}), ("focal", {"gamma": 0.0, "alpha": 0.9})]
)
def test_a_loss_that_turns_documents_down_is_off_and_is_not_asked(name, arguments):
    assert link_of(LossConfig(name=name, arguments=arguments), 1).function is None
    assert abs(float(torch.sigmoid(minimum(name, arguments))) - RATE) > 0.05


def test_every_other_loss_says_why_it_is_not_asked():
    known = {name for name, _ in CALIBRATED}
    for name in sorted(set(losses.catalogue) - known):
        link = link_of(LossConfig(name=name), 1)
        assert link.function is None, name
        assert link.note.startswith(f"{name} ranks: "), name


@pytest.mark.parametrize("name", ["calibrated_softmax", "squared_error"])
def test_an_expected_grade_is_no_probability_where_grades_go_beyond_1(name):
    link = link_of(LossConfig(name=name), highest_grade=3)
    assert (link.function, link.note) == (
        None,
        f"{name} learns the expected grade, no probability with grades above 1",
    )


@pytest.mark.parametrize(
    ("loss", "why"),
    [
        (LossConfig(name="sigmoid_cross_entropy", unbiased=True), "loss.unbiased learns what is"),
        (LossConfig(name="jrc", arguments={"alpha": 0}), "jrc with alpha 0 ranks only"),
        (LossConfig(name="ordinal"), "ordinal ranks: its scores"),
    ],
)
def test_what_a_setting_takes_from_a_score_is_said(loss, why):
    assert link_of(loss, 1).note.startswith(why)


def test_probabilities_stay_probabilities_for_any_score():
    scores = torch.tensor([-1e4, -3.0, 0.0, 3.0, 1e4], dtype=torch.float64)
    for name, arguments in CALIBRATED:
        function = link_of(LossConfig(name=name, arguments=arguments), 1).function
        assert function is not None
        shares = function(scores)
        assert bool(((shares >= 0) & (shares <= 1)).all()), name
