from dataclasses import replace

import numpy as np
import pytest

from pipelines.config import Gate
from pipelines.gate import Absent, Evidence, Verdict, judge
from pipelines.gate.evidence import Calibration
from pipelines.inspect.drift import Finding
from pipelines.report.words import MINUS
from tests.gate.evidence import against, evidence, ranker, values

DEVICES = np.repeat(["phone", "desk", "rare"], [240, 150, 10]).tolist()
PRICE = Finding(rule="numbers", subject="price", value=0.41, limit=0.25, noise=0.02)


def rule(verdict, name, subject=None):
    (found,) = [one for one in verdict.rules if one.rule == name and subject in (None, one.subject)]
    return found


def failed(verdict):
    return [one.rule for one in verdict.failed]


def test_a_candidate_that_equals_the_champion_is_promoted():
    verdict = judge(evidence(0.0), Gate())
    assert verdict.promote
    assert verdict.why == "all 5 rules hold"


def test_one_that_is_worse_by_more_than_the_margin_is_kept_back():
    verdict = judge(evidence(-0.02), Gate())
    assert failed(verdict) == ["headline"]
    assert "it is worse than the margin allows" in verdict.why


def test_the_lower_end_decides_and_not_the_difference():
    candidate, champion = against(-0.005, spread=0.2)
    noisy = evidence(candidate=candidate, champion=champion)
    verdict = judge(noisy, Gate())
    found = rule(verdict, "headline")
    assert failed(verdict) == ["headline"]
    assert found.low < -0.01 < found.value
    assert "too few lists to tell; with about 2,600 an equal candidate would pass" in found.says
    assert judge(noisy, Gate(margin=0.03)).promote


def test_every_rule_leaves_a_record_with_its_numbers():
    verdict = judge(
        evidence(findings=[PRICE], slices={"device": DEVICES}), Gate(slices=("device",))
    )
    names = list(dict.fromkeys(one.rule for one in verdict.rules))
    every = "finite constant champion lists headline slice baseline calibration drift"
    assert names == every.split()
    assert all(one.says for one in verdict.rules)
    found = rule(verdict, "headline")
    assert found.limit == -0.01
    assert found.low < found.value < found.high
    assert found.says == (
        f"0.660 against 0.660 of v0001: 0.000 [{MINUS}0.002, +0.002] over 400 lists;"
        f" the lower end must be at least {MINUS}0.010"
    )


def test_too_few_lists_promote_nothing():
    verdict = judge(evidence(0.1, lists=199), Gate())
    assert failed(verdict) == ["lists"]
    assert "199 of 199 held-out lists count, at least 200 must" in verdict.why


def test_blank_lists_do_not_count():
    candidate, champion = against(0.0, 400)
    blank = np.where(np.arange(400) < 250, np.nan, champion.values)
    verdict = judge(evidence(candidate=candidate, champion=replace(champion, values=blank)), Gate())
    assert rule(verdict, "lists").value == 150
    assert verdict.compared[0].candidate.lists == 150


def test_an_empty_night_promotes_nothing():
    nothing = ranker("v0002", [])
    verdict = judge(evidence(candidate=nothing, champion=ranker("v0001", [])), Gate())
    assert failed(verdict) == ["lists", "headline"]


def test_a_poisoned_night_of_blank_lists_promotes_nothing():
    nothing = np.full(400, np.nan)
    verdict = judge(
        evidence(candidate=ranker("v0002", nothing), champion=ranker("v0001", nothing)), Gate()
    )
    assert failed(verdict) == ["lists", "headline"]
    assert "so few lists have no interval" in rule(verdict, "headline").says


def test_one_slice_that_is_worse_keeps_the_champion():
    candidate, champion = against(0.01)
    worse = candidate.values - np.where(np.array(DEVICES) == "desk", 0.06, 0)
    night = evidence(candidate=replace(candidate, values=worse), slices={"device": DEVICES})
    verdict = judge(replace(night, champion=champion), Gate(margin=0.03, slices=("device",)))
    assert [one.subject for one in verdict.failed] == ["device: desk"]


def test_a_slice_of_too_few_lists_is_shown_and_not_judged():
    verdict = judge(evidence(slices={"device": DEVICES}), Gate(slices=("device",)))
    rare = rule(verdict, "slice", "device: rare")
    assert not rare.applies
    assert "over 10 lists; judged from 100 lists on" in rare.says
    assert [one.judged for one in verdict.compared if one.word == "rare"] == [False]


def test_a_slice_that_nobody_named_is_not_looked_at():
    verdict = judge(evidence(slices={"device": DEVICES}), Gate())
    assert rule(verdict, "slice").says == "does not apply: gate.slices names no column"
    assert len(verdict.compared) == 1


def test_without_a_champion_the_best_baseline_is_it_and_has_no_margin():
    champion = values()
    baselines = {"random": champion - 0.3, "logged order": champion}
    night = evidence(-0.005, champion=None, baselines=baselines)
    verdict = judge(night, Gate())
    assert (verdict.first, verdict.champion) == (True, "logged order")
    assert rule(verdict, "headline").limit == 0
    assert failed(verdict) == ["headline"]
    assert failed(judge(night, Gate(first_margin=0.05))) == []
    better = replace(night, candidate=ranker("v0001", champion + 0.02))
    assert judge(better, Gate()).promote


def test_one_that_has_sunk_below_the_best_baseline_is_kept_back():
    candidate, champion = against(0.0)
    logged = champion.values + 0.03
    night = evidence(candidate=candidate, champion=champion, baselines={"logged order": logged})
    assert failed(judge(night, Gate())) == ["baseline"]
    assert judge(night, Gate(first_margin=0.05)).promote
    assert judge(night, Gate(off=("baseline",))).promote


def test_a_baseline_that_may_be_worse_or_better_is_no_reason():
    candidate, champion = against(0.0)
    logged = champion.values + np.random.default_rng(5).normal(0.005, 0.3, 400)
    night = evidence(candidate=candidate, champion=champion, baselines={"logged order": logged})
    assert judge(night, Gate()).promote


def test_a_champion_that_cannot_be_compared_stays():
    damaged = Absent(name="v0001", why="model.safetensors: checksum differs")
    verdict = judge(evidence(champion=damaged), Gate())
    assert failed(verdict) == ["champion"]
    assert verdict.champion == "v0001"
    assert "model.safetensors: checksum differs" in verdict.why
    assert not rule(verdict, "headline").applies
    assert verdict.headline is None


@pytest.mark.parametrize("forced", [False, True])
def test_scores_that_are_no_numbers_are_never_promoted(forced):
    broken = ranker("v0002", np.full(400, np.nan), not_finite=7)
    verdict = judge(evidence(candidate=broken), Gate(), forced=forced)
    assert not verdict.promote
    assert verdict.why.startswith("finite: 7 of 4,000 scores are no finite number")


def test_a_candidate_without_an_order_is_kept_back():
    candidate, _ = against(0.0)
    flat = replace(candidate, constant=201)
    assert failed(judge(evidence(candidate=flat), Gate())) == ["constant"]
    assert judge(evidence(candidate=replace(flat, constant=200)), Gate()).promote


def test_drift_is_recorded_by_finding_and_a_broken_one_fails():
    quiet = Finding(rule="blank", subject="blank lists", value=0.01, limit=0.1)
    unknown = Finding(rule="numbers", subject="age", value=None, limit=0.25, note="no list")
    verdict = judge(evidence(findings=[PRICE, quiet, unknown]), Gate())
    assert [one.subject for one in verdict.failed] == ["numbers: price"]
    assert rule(verdict, "drift", "numbers: price").value == 0.41
    assert not rule(verdict, "drift", "numbers: age").applies
    assert judge(evidence(findings=[PRICE]), Gate(off=("drift",))).promote


def test_a_share_that_grew_without_bound_can_be_written_down():
    endless = Finding(rule="relevant", subject="relevant documents", value=np.inf, limit=1.5)
    verdict = judge(evidence(findings=[endless]), Gate())
    assert failed(verdict) == ["drift"]
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


@pytest.mark.parametrize(("off_by", "promoted"), [(0.0, True), (0.2, False)])
def test_probabilities_far_from_what_was_seen_are_kept_back(off_by, promoted):
    sums = np.zeros((400, 16))
    sums[:, 3], sums[:, -1] = 10 * off_by, 10
    candidate, _ = against(0.0)
    measured = replace(candidate, calibration=Calibration(sums=sums, note=""))
    verdict = judge(evidence(candidate=measured), Gate())
    assert verdict.promote == promoted
    assert rule(verdict, "calibration").value == pytest.approx(off_by)


def test_scores_that_are_no_probabilities_are_not_asked_for_calibration_and_that_is_said():
    ranks = Calibration(note="ranknet ranks")
    candidate, _ = against(0.0)
    verdict = judge(evidence(candidate=replace(candidate, calibration=ranks)), Gate())
    found = rule(verdict, "calibration")
    assert (found.applies, found.passed) == (False, True)
    assert found.says == "does not apply: ranknet ranks"


def test_a_forced_promotion_says_which_rules_it_broke():
    verdict = judge(evidence(-0.02, findings=[PRICE]), Gate(), forced=True)
    assert (verdict.promote, verdict.forced) == (True, True)
    assert failed(verdict) == ["headline", "drift"]
    assert verdict.why.startswith("forced, although headline: ")
    assert verdict.why.endswith("(and 1 more)")


def test_force_that_was_not_needed_is_not_recorded():
    assert not judge(evidence(), Gate(), forced=True).forced


def test_evidence_about_other_lists_is_refused():
    with pytest.raises(ValueError, match=r"candidate and champion must be .* got 400 and 300$"):
        evidence(champion=ranker("v0001", np.ones(300)))
    with pytest.raises(ValueError, match="compared with a champion or with baselines; got neither"):
        Evidence(metric="ndcg@10", candidate=ranker("v0001", np.ones(3)))
