import math

import numpy as np
import pytest
import torch

from ltr.evaluation import difference_interval, mean_interval
from pipelines.report import Estimate, Rules, all_ks, compare

RULES = Rules(gain="exp2", cutoffs=(1, 10), resamples=50, seed=3)
NAN = math.nan


def lists(*values):
    """The same NDCG at every k."""
    return np.repeat(np.array(values)[:, None], len(all_ks(RULES)), axis=1)


def test_every_ranker_gets_the_intervals_of_its_lists():
    values = np.array([0.2, 0.9, NAN, 0.4])
    found = compare(lists(*values), {"random": lists(0.1, 0.2, NAN, 0.3)}, RULES)
    assert found.model.ndcg[10] == Estimate.of(mean_interval(values, resamples=50, seed=3))
    assert found.model.by_k == pytest.approx([0.5] * 20)
    assert found.baselines[0].ndcg[1].value == pytest.approx(0.2)


def test_the_difference_is_paired_with_the_baseline_that_is_best_at_that_cutoff():
    ours, early, late = lists(0.5, 0.7), lists(0.6, 0.6), lists(0.4, 0.8)
    early[:, 5:] = 0.1
    found = compare(ours, {"early": early, "late": late - 0.05}, RULES)
    assert [(one.cutoff, one.baseline) for one in found.differences] == [(1, "early"), (10, "late")]
    at_10 = difference_interval(ours[:, 9], late[:, 9] - 0.05, resamples=50, seed=3)
    assert found.differences[1].estimate == Estimate.of(at_10)


@pytest.mark.parametrize(("blank", "mean"), [("skip", 0.5), ("zero", 0.25), ("one", 0.75)])
def test_the_blank_policy_holds_for_the_curve_too(blank, mean):
    rules = RULES.model_copy(update={"blank": blank})
    found = compare(lists(0.5, NAN), {"random": lists(0.1, NAN)}, rules).model
    assert found.by_k == pytest.approx([mean] * 20)
    assert found.ndcg[10].value == pytest.approx(mean)
    assert found.ndcg[10].blank == 1


def test_the_histogram_counts_each_list_that_has_a_value_once():
    found = compare(lists(0, 0.04, 0.5, 1, 1, NAN), {"random": lists(*[0.5] * 6)}, RULES)
    counts = dict(enumerate(found.model.histogram))
    assert {bin_: n for bin_, n in counts.items() if n} == {0: 2, 10: 1, 19: 2}


def test_lists_that_are_all_blank_leave_everything_undefined():
    found = compare(lists(NAN, NAN), {"random": lists(NAN, NAN)}, RULES)
    assert found.model.by_k == (None,) * 20
    assert found.model.histogram == (0,) * 20
    assert found.differences[0].estimate.value is None


def test_takes_tensors():
    values = lists(0.2, 0.4)
    found = compare(torch.from_numpy(values), {"random": torch.from_numpy(values)}, RULES)
    assert found == compare(values, {"random": values}, RULES)


def test_values_at_other_ks_are_refused():
    with pytest.raises(ValueError, match=r"random: values must be \[lists, 20\]; got \[2, 3\]"):
        compare(lists(0.1, 0.2), {"random": np.zeros((2, 3))}, RULES)


def test_a_comparison_with_nothing_is_refused():
    with pytest.raises(ValueError, match="baselines; got none"):
        compare(lists(0.1, 0.2), {}, RULES)
