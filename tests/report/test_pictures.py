import re
from xml.etree import ElementTree

import pytest

from pipelines.report import Difference, PositionRate
from pipelines.report.html import pictures
from tests.report.examples import good_report, undefined_report

NAMES = ["quality", "difference", "by-k", "distribution", "positions", "learning"]


@pytest.fixture(scope="module")
def drawn():
    return {picture.name: picture for picture in pictures(good_report())}


def texts(picture):
    return [element.text for element in ElementTree.fromstring(picture.svg).iter("text")]


def test_there_is_a_picture_for_each_question(drawn):
    assert list(drawn) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_fits_into_any_page(drawn, name):
    svg = drawn[name].svg
    root = ElementTree.fromstring(svg)
    assert root.attrib.keys() == {"viewBox"}
    assert not {"metadata", "style", "script", "image"} & {each.tag for each in root.iter()}
    assert not re.search(r"https?:|xlink|font-family|#0\d0\d0\d", svg)
    assert "currentColor" in svg or "var(--" in svg


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_in_a_picture_finds_its_target(drawn, name):
    svg = drawn[name].svg
    ids = re.findall(r' id="([^"]*)"', svg)
    assert len(ids) == len(set(ids))
    assert all(found.startswith(f"{name}-") for found in ids)
    assert set(re.findall(r'(?:href="|url\()#([^")]*)', svg)) <= set(ids)


def test_pictures_are_the_same_for_the_same_report(drawn):
    assert {picture.name: picture for picture in pictures(good_report())} == drawn


def test_every_ranker_stands_in_the_picture_best_first(drawn):
    words = texts(drawn["quality"])
    ranked = ["model", "logged order", "document popularity", "random order"]
    assert [word for word in words if word in ranked] == ranked
    assert f"{good_report().baselines[0].ndcg[10].value:.3f}" in " ".join(words)


def test_the_spoken_form_holds_the_numbers(drawn):
    ours = good_report().model.ndcg[10].value
    assert f"model {ours:.3f} [" in drawn["quality"].spoken
    assert "6, has validation NDCG" in drawn["learning"].spoken
    assert re.search(r"from \d\d\.\d.% at position 1 to ", drawn["positions"].spoken)


def test_baselines_are_named_where_they_differ_between_cutoffs():
    first, *rest = good_report().differences
    other = Difference(cutoff=1, baseline="document popularity", estimate=first.estimate)
    report = good_report(differences=(other, *rest))
    found = next(one for one in pictures(report) if one.name == "difference")
    assert found.title == "Model minus best baseline"
    assert {"@1 document popular…", "@10 logged order"} <= set(texts(found))


def test_positions_beyond_those_drawn_are_counted_in_the_caption():
    positions = tuple(PositionRate(position=at, documents=9, clicked=1) for at in range(1, 61))
    found = next(one for one in pictures(good_report(positions=positions)) if "posit" in one.name)
    assert "The first 40 of 60 positions are drawn" in found.caption


@pytest.mark.parametrize("name", ["quality", "difference", "by-k", "distribution", "positions"])
def test_undefined_numbers_are_said_instead_of_drawn(name):
    found = next(one for one in pictures(undefined_report()) if one.name == name)
    assert texts(found) == ["undefined: there is nothing to draw"]
