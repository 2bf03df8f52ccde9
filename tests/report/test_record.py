import math

import pytest
from pydantic import ValidationError

from ltr.evaluation import mean_interval
from pipelines.report import Difference, Estimate, Report, Rules
from tests.report.examples import good_report, undefined_report, unflattering_report


@pytest.mark.parametrize("make", [good_report, unflattering_report, undefined_report])
def test_json_gives_the_same_record_back(make):
    report = make()
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_undefined_numbers_are_null_in_json():
    estimate = Estimate.of(mean_interval([math.nan, math.nan]))
    expected = '{"value":null,"low":null,"high":null,"lists":0,"blank":2}'
    assert estimate.model_dump_json() == expected
    assert "NaN" not in undefined_report().model_dump_json()


def test_an_infinite_number_is_refused():
    with pytest.raises(ValidationError, match="finite"):
        Estimate(value=math.inf, low=0, high=1, lists=2, blank=0)


def test_a_report_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        good_report().job = "another"


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="Extra inputs"):
        Rules.model_validate({"gain": "exp2", "tie": "averaged"})


@pytest.mark.parametrize(("cutoffs", "headline"), [((1, 5, 10), 10), ((3, 50, 20), 50)])
def test_the_headline_is_at_10_or_else_at_the_largest_cutoff(cutoffs, headline):
    assert Rules(gain="linear", cutoffs=cutoffs).headline_cutoff == headline


def test_two_rankers_of_one_name_are_refused():
    report = good_report()
    with pytest.raises(ValidationError, match="different names"):
        good_report(baselines=(report.baselines[0], report.baselines[0]))


def test_a_cutoff_that_is_missing_is_named():
    found = good_report().differences
    with pytest.raises(ValidationError, match=r"differences: cutoffs must be .*got \[1, 5\]"):
        good_report(differences=found[:2])
    other = Difference(cutoff=7, baseline="logged order", estimate=found[0].estimate)
    with pytest.raises(ValidationError, match=r"got \[7, 5, 10\]"):
        good_report(differences=(other, *found[1:]))


def test_a_difference_to_a_ranker_that_is_not_there_is_refused():
    found = good_report().differences
    other = found[0].model_copy(update={"baseline": "nobody"})
    with pytest.raises(ValidationError, match="must be a baseline of the report; got 'nobody'"):
        good_report(differences=(other, *found[1:]))


def test_a_curve_of_another_length_is_refused():
    model = good_report().model.model_copy(update={"by_k": (0.5,)})
    with pytest.raises(ValidationError, match="model: by_k must hold 20 numbers"):
        good_report(model=model)
