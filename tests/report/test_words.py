import pytest

from pipelines.report import Estimate, words
from pipelines.report.words import MINUS
from tests.report.examples import (
    good_report,
    unclear_report,
    undefined_report,
    unflattering_report,
)


def estimate(value, low, high, lists=9):
    return Estimate(value=value, low=low, high=high, lists=lists, blank=0)


def at_headline(report, found):
    return report.model_copy(
        update={
            "differences": tuple(
                one.model_copy(update={"estimate": found}) for one in report.differences
            )
        }
    )


@pytest.mark.parametrize(
    ("make", "kind", "begins"),
    [
        (good_report, "better", "Better than logged order: the whole 95"),
        (unflattering_report, "worse", "Worse than logged order: the whole 95"),
        (unclear_report, "unclear", "Not distinguishable from logged order"),
        (undefined_report, "undefined", "Undefined: no held-out list has a relevant document"),
    ],
)
def test_the_verdict_is_the_interval_in_words(make, kind, begins):
    found = words.verdict(make())
    assert found.kind == kind
    assert found.sentence.startswith(begins)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [(0.001, 0.2, "better"), (0.0, 0.2, "unclear"), (-0.1, 0.0, "unclear"), (-1, -0.1, "worse")],
)
def test_an_interval_that_touches_zero_is_no_win(low, high, kind):
    report = at_headline(good_report(), estimate((low + high) / 2, low, high))
    assert words.verdict(report).kind == kind


def test_one_list_gives_no_verdict():
    report = at_headline(good_report(), estimate(0.3, None, None, lists=1))
    assert "a single held-out list counts" in words.verdict(report).sentence


def test_the_headline_says_both_numbers_with_their_intervals():
    report = at_headline(unflattering_report(), estimate(-0.0213, -0.03, -0.0004))
    ours = report.model.ndcg[10]
    assert words.headline(report) == (
        f"Model NDCG@10 {ours.value:.3f} [{ours.low:.3f}, {ours.high:.3f}],"
        f" {MINUS}0.021 [{MINUS}0.030, {MINUS}0.0004] against logged order"
    )


def test_a_gain_is_over_the_baseline():
    assert words.headline(good_report()).endswith("over logged order")


def test_an_undefined_headline_is_short():
    assert words.headline(undefined_report()) == "Model NDCG@10 is undefined"


def test_the_rules_are_said_beside_the_number():
    said = words.rules_line(good_report())
    assert f"Gain 2^grade {MINUS} 1; tied scores averaged; 28 of 612 held-out lists" in said
    assert "400 resamples, seed 7" in said


@pytest.mark.parametrize(
    ("gain", "said"),
    [("linear", "grade"), ((0, 1, 4.5), "grade 0: 0, grade 1: 1, grade 2: 4.5")],
)
def test_every_gain_can_be_said(gain, said):
    assert words.gain(good_report().rules.model_copy(update={"gain": gain})) == said


@pytest.mark.parametrize(
    ("blank", "said"), [("zero", "of 612 held-out"), ("one", "of 612 held-out")]
)
def test_blank_lists_that_count_are_not_added_twice(blank, said):
    report = good_report()
    ndcg = {k: one.model_copy(update={"lists": 612}) for k, one in report.model.ndcg.items()}
    changed = {
        "model": report.model.model_copy(update={"ndcg": ndcg}),
        "rules": report.rules.model_copy(update={"blank": blank}),
    }
    assert said in words.rules_line(report.model_copy(update=changed))
