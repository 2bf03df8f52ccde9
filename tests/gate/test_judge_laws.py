"""What must be true of every verdict, whatever the numbers."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.config import Gate
from pipelines.gate import Evidence, Verdict, judge
from pipelines.inspect.drift import Finding
from tests.gate.evidence import ranker

LIMITS = Gate(min_lists=5, slice_min_lists=3, slices=("device",))
METRIC = st.one_of(st.just(float("nan")), st.integers(0, 64).map(lambda n: n / 64))


@st.composite
def nights(draw):
    """Two rankers on a few lists, some without a value, with slices, baselines and drift."""
    lists = draw(st.integers(0, 30))
    sides = [
        np.array(draw(st.lists(METRIC, min_size=lists, max_size=lists)), float) for _ in range(3)
    ]
    first = draw(st.booleans())
    words = draw(st.lists(st.sampled_from("ab"), min_size=lists, max_size=lists))
    values = draw(st.one_of(st.none(), st.floats(0, 1)))
    return Evidence(
        metric="ndcg@10",
        candidate=ranker("v2", sides[0], constant=draw(st.integers(0, lists))),
        champion=None if first else ranker("v1", sides[1]),
        baselines={"random": sides[2]},
        slices={"device": words},
        findings=draw(
            st.sampled_from([None, [Finding(rule="grades", subject="x", value=values, limit=0.5)]])
        ),
    )


@given(nights(), st.booleans())
@settings(deadline=None, max_examples=60)
def test_every_night_has_a_verdict_that_can_be_kept(night, forced):
    verdict = judge(night, LIMITS, forced=forced)
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
    assert verdict.promote == (verdict.forced or not verdict.failed)
    assert all(one.passed for one in verdict.rules if not one.applies)
    assert judge(night, LIMITS, forced=forced) == verdict


@given(nights(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_the_order_of_the_lists_means_nothing(night, random):
    order = list(range(night.lists))
    random.shuffle(order)
    other = shuffled(night, np.array(order, int))
    assert judge(other, LIMITS) == judge(night, LIMITS)


@given(nights(), st.integers(1, 16))
@settings(deadline=None, max_examples=40)
def test_a_better_candidate_is_not_refused_for_it(night, gain):
    better = replace(night.candidate, values=night.candidate.values + gain / 64)
    if judge(night, LIMITS).promote:
        assert judge(replace(night, candidate=better), LIMITS).promote


@given(nights(), st.integers(1, 4), st.sampled_from([0.9, 0.99]))
@settings(deadline=None, max_examples=40)
def test_wider_margins_and_less_confidence_refuse_nothing_more(night, wider, confidence):
    strict = LIMITS.model_copy(update={"confidence": confidence})
    factor = {"margin": wider / 64, "first_margin": wider / 64, "slice_margin": (wider + 2) / 64}
    kind = LIMITS.model_copy(update={"confidence": 0.9, **factor})
    if judge(night, strict).promote:
        assert judge(night, kind).promote or _only_baseline(judge(night, kind))


@given(nights())
@settings(deadline=None, max_examples=40)
def test_one_more_broken_finding_promotes_nothing(night):
    broken = Finding(rule="blank", subject="blank lists", value=0.3, limit=0.1)
    verdict = judge(replace(night, findings=[*(night.findings or ()), broken]), LIMITS)
    assert not verdict.promote


def shuffled(night, order):
    """The same lists in another order."""
    sides = {
        name: replace(one, values=one.values[order])
        for name in ("candidate", "champion")
        if (one := getattr(night, name)) is not None
    }
    words = [night.slices["device"][at] for at in order]
    baselines = {name: one[order] for name, one in night.baselines.items()}
    return replace(night, **sides, baselines=baselines, slices={"device": words})


def _only_baseline(verdict):
    # Less confidence shows sooner that it is worse than the baseline: that rule is an alarm.
    return {one.rule for one in verdict.failed} <= {"baseline"}
