from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.config import Drift
from pipelines.inspect import compare
from pipelines.inspect.decode import Decoder
from pipelines.inspect.drift_tables import findings_table, sentence
from tests.inspect.folders import FEATURES, folder_of, profile_of, random_rows, row
from tests.lists_on_disk import write_lists

LISTS = 600
NOTHING_ALLOWED: dict[str, Any] = dict.fromkeys(
    ("grades", "blank", "lengths", "unseen", "numbers"), 0.0
)
"""Limits that leave the judgement to the noise."""


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return profile_of(folder_of(tmp_path_factory.mktemp("old"), random_rows(LISTS)))


def judged(reference, folder, lists, limits=None, **changed):
    """Findings by rule and subject."""
    profile = profile_of(folder_of(folder, lists, **changed))
    found = compare(reference, profile, limits or Drift())
    return {(one.rule, one.subject): one for one in found}


def broken(found):
    return {key for key, one in found.items() if one.broken}


def test_a_folder_does_not_differ_from_itself(reference):
    found = compare(reference, reference, Drift(relevant=1.0, **NOTHING_ALLOWED))
    assert not any(one.broken for one in found)
    assert {one.value for one in found} == {0.0, 1.0}


def test_other_lists_of_the_same_kind_break_no_rule(reference, tmp_path):
    found = judged(reference, tmp_path, random_rows(LISTS, seed=1))
    assert broken(found) == set()
    assert not any(one.unsure for one in found.values())


@pytest.mark.parametrize("lists", [1, 2, 5, 20, 60])
def test_a_small_sample_does_not_cry_wolf(tmp_path, lists):
    limits = Drift(off=("fewer_lists",), relevant=1.0, **NOTHING_ALLOWED)
    for seed in range(0, 20, 2):
        old = profile_of(folder_of(tmp_path / f"{seed}", random_rows(lists, seed)))
        found = judged(old, tmp_path / f"{seed + 1}", random_rows(lists, seed + 1), limits)
        assert broken(found) == set()


CHANGES: dict[tuple[str, str], dict[str, Any]] = {
    ("grades", "grades of documents"): {"clicked": 0.4},
    ("relevant", "relevant documents"): {"clicked": 0.2},
    ("blank", "blank lists"): {"clicked": 0.02},
    ("lengths", "documents per list"): {"docs": 12},
    ("unseen", "document/item"): {"unseen": 0.3},
    ("numbers", "document/price"): {"shift": 1.0},
}


@pytest.mark.parametrize("key", CHANGES, ids=lambda key: key[0])
def test_what_moved_is_found(reference, tmp_path, key):
    found = judged(reference, tmp_path, random_rows(LISTS, seed=1, **CHANGES[key]))
    assert key in broken(found)
    assert found[key].value > found[key].limit > found[key].noise


def test_a_changed_price_breaks_no_rule_of_another_column(reference, tmp_path):
    found = judged(reference, tmp_path, random_rows(LISTS, seed=1, shift=1.0))
    assert broken(found) == {("numbers", "document/price")}


def test_lists_that_are_missing_are_found_and_more_of_them_are_not(reference, tmp_path):
    few = judged(reference, tmp_path / "few", random_rows(LISTS // 4, seed=1))
    assert few["fewer_lists", "lists"].value == 0.75
    assert broken(few) == {("fewer_lists", "lists")}
    many = judged(reference, tmp_path / "many", random_rows(2 * LISTS, seed=1))
    assert many["fewer_lists", "lists"].value == 0


def test_an_empty_day_is_beyond_the_limit_and_the_rest_is_not_compared(tmp_path):
    old = profile_of(folder_of(tmp_path / "old", random_rows(3)))
    found = judged(old, tmp_path / "new", [])
    assert broken(found) == {("fewer_lists", "lists")}
    assert found["grades", "grades of documents"].value is None
    assert sentence(found["numbers", "document/price"]).endswith("one of the two has no list")


def test_an_empty_reference_compares_nothing(tmp_path):
    old = profile_of(folder_of(tmp_path / "old", []))
    assert broken(judged(old, tmp_path / "new", random_rows(3))) == set()


def test_a_reason_that_grew_is_named(reference, tmp_path):
    rows = {"read": 10_000, "kept": 9_000, "rejected": {"time is null": 1_000}}
    found = judged(reference, tmp_path, random_rows(LISTS, seed=1), rows=rows)
    assert broken(found) == {("rejected", "rows: time is null")}
    assert found["rejected", "rows: time is null"].value == pytest.approx(0.1)


def test_a_column_that_came_or_went_and_other_grade_rules_are_named(reference, tmp_path):
    rows = [row([0, 1]) for _ in range(3)]
    renamed = [{**one, "document/cost": one["document/price"]} for one in rows]
    for one in renamed:
        del one["document/item"], one["document/price"]
    write_lists(tmp_path, {"train": [renamed]}, [*FEATURES[:2], {**FEATURES[3], "name": "cost"}])
    job = {"grades": [{"grade": 1, "when": "bought"}]}
    folder_of(tmp_path / "other", rows, job=job)
    gone = compare(reference, profile_of(tmp_path), Drift())
    schema = {one.subject: one.note for one in gone if one.rule == "schema" and one.broken}
    assert schema.keys() == {"document/item", "document/price", "document/cost"}
    assert schema["document/item"] == "id in the reference, not there now"
    other = compare(reference, profile_of(tmp_path / "other"), Drift())
    assert [one.subject for one in other if one.broken and one.rule == "schema"] == ["grade rules"]


def with_encoder(ids, mean, deviation):
    return Decoder(
        {"document/item": pl.Series([None, *ids])}, {"document/price": (deviation, mean)}
    )


def test_numbers_are_compared_as_the_log_wrote_them(tmp_path):
    rng = np.random.default_rng(3)

    def rows(mean, deviation, factor):
        prices = rng.normal(10, 2, (LISTS, 4)) * factor
        stored = (prices - mean) / deviation
        return [row([1, 0, 0, 0], **{"document/price": one.tolist()}) for one in stored]

    def profile(name, mean, deviation, factor):
        folder = folder_of(tmp_path / name, rows(mean, deviation, factor), encoder=name)
        return profile_of(folder, with_encoder(["x"] * 99, mean, deviation))

    old = profile("a1", 10, 2, 1.0)
    same, dearer = profile("b2", 3, 7, 1.0), profile("c3", 14, 2.8, 1.4)
    values = [
        next(
            one
            for one in compare(old, new, Drift())
            if one.rule == "numbers" and "price" in one.subject
        )
        for new in (same, dearer)
    ]
    assert not values[0].broken
    assert values[1].broken
    assert values[1].reference == pytest.approx(10, abs=0.2)
    assert values[1].candidate == pytest.approx(14, abs=0.2)


def test_numbers_without_a_way_back_are_compared_under_one_encoder_only(reference, tmp_path):
    rows = random_rows(LISTS, seed=1, shift=1.0)
    found = judged(reference, tmp_path, rows, encoder="abcd")["numbers", "document/price"]
    assert found.value is None
    assert "does not tell the way back" in sentence(found)


def test_new_ids_are_counted_by_occurrence(tmp_path):
    def profile(name, ids, numbers):
        rows = [row([1] * len(numbers), **{"document/item": numbers})] * 40
        known = ids + [f"{name}{at}" for at in range(99 - len(ids))]
        folder = folder_of(tmp_path / name, rows, encoder=name)
        return profile_of(folder, with_encoder(known, 0, 1))

    old, new = profile("a1", ["x", "y"], [1, 2]), profile("b2", ["y", "z"], [1, 1, 1, 2, 0])
    limits = Drift(new_ids=0.01)
    found = next(one for one in compare(old, new, limits) if one.rule == "new_ids" and one.value)
    assert found.subject == "document/item"
    assert found.value == 0.25
    assert found.broken


def test_a_rule_can_be_switched_off(reference, tmp_path):
    rows = random_rows(LISTS, seed=1, shift=1.0)
    found = judged(reference, tmp_path, rows, Drift(off=("numbers",)))
    assert broken(found) == set()
    assert not [rule for rule, _ in found if rule == "numbers"]


def test_too_few_lists_to_tell_is_said(tmp_path):
    old = profile_of(folder_of(tmp_path / "old", random_rows(5)))
    found = judged(old, tmp_path / "new", random_rows(5, seed=1, shift=3.0))
    price = found["numbers", "document/price"]
    assert price.value > price.limit
    assert price.unsure
    assert not price.broken
    table = findings_table([price])
    assert "too few lists to tell" in [cell.text for cell in table.rows[0]]


def test_broken_rules_come_first(reference, tmp_path):
    found = judged(reference, tmp_path, random_rows(LISTS, seed=1, shift=1.0))
    assert next(iter(found)) == ("numbers", "document/price")
    said = sentence(found["numbers", "document/price"])
    assert said.startswith("numbers: document/price: stability index 0.9")
    assert "limit 0.25, noise 0.09" in said
