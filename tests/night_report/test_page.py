import re

import pytest

from pipelines.night_report.markdown import to_markdown
from pipelines.night_report.page import sections, to_html
from tests.night_report import nights
from tests.report.examples import HOSTILE
from tests.report.test_html import Page

ENDS = ("promoted", "better", "kept", "forced", "failed", "drifted", "hostile")


@pytest.fixture(scope="module")
def pages():
    return {name: to_html(getattr(nights, name)()) for name in ENDS}


@pytest.mark.parametrize("name", ENDS)
def test_nothing_is_loaded_and_nothing_runs(pages, name):
    page = Page(pages[name])
    assert not re.search(r"https?:|@import|javascript:|\burl\((?!#)", pages[name])
    assert not {"script", "link", "iframe", "object", "img"} & {tag for tag, *_ in page.elements}
    assert not [key for _, attrs, _ in page.elements for key in attrs if key.startswith("on")]


@pytest.mark.parametrize("name", ENDS)
def test_a_page_is_for_every_screen_and_both_lights(pages, name):
    viewport = {"name": "viewport", "content": "width=device-width, initial-scale=1"}
    assert viewport in [attrs for attrs, _ in Page(pages[name]).all("meta")]
    assert "prefers-color-scheme: dark" in pages[name]


@pytest.mark.parametrize("name", ENDS)
def test_ids_of_all_pictures_differ(pages, name):
    ids = [attrs["id"] for _, attrs, _ in Page(pages[name]).elements if "id" in attrs]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", ["kept", "hostile"])
def test_equal_nights_are_written_as_equal_bytes(pages, name):
    assert to_html(getattr(nights, name)()) == pages[name]


def test_a_name_that_is_markup_stays_text(pages):
    page = Page(pages["hostile"])
    assert "<img" not in pages["hostile"]
    assert "<script" not in pages["hostile"]
    assert HOSTILE in page.said
    assert "<script" not in to_markdown(nights.hostile())
    assert "**bold**" not in to_markdown(nights.hostile())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "promoted",
            "Promoted v0008: its NDCG@10 is not worse than that of v0007 by more than 0.010, and"
            " every other rule holds.",
        ),
        (
            "better",
            "Promoted v0008: its NDCG@10 is better than that of v0007, and every other rule holds.",
        ),
        (
            "kept",
            "Kept v0007: v0008 fails 3 of 14 checks, by the rules headline, slice and drift.",
        ),
        ("forced", "Promoted v0008 by force, although it fails the rules headline and slice."),
        ("failed", "Failed: log.path: no file matches impressions/2026-11-21.parquet"),
        (
            "drifted",
            "Kept v0007: tonight's lists fail 1 of 5 checks, by the rule drift, so nothing was"
            " trained on them.",
        ),
    ],
)
def test_the_first_sentence_says_how_the_night_ended_and_why(pages, name, said):
    assert said in Page(pages[name]).said
    assert f"**{said}**" in to_markdown(getattr(nights, name)())


def test_every_rule_stands_in_the_page_with_its_numbers(pages):
    night = nights.kept()
    said = Page(pages["kept"]).said
    assert night.verdict is not None
    for one in night.verdict.rules:
        assert one.subject in said
    assert "✗ fails \N{MINUS SIGN}0.009 [" in said
    assert "lower end at least \N{MINUS SIGN}0.030" in said
    assert "calibration v0008 nobody said how its scores become probabilities" in said


def test_the_page_shows_rows_rejects_seconds_and_lineage(pages):
    said = Page(pages["kept"]).said
    assert "rejected: duplicate 214 0.4" in said
    assert "train 312.0 85 %" in said
    assert "score 0, was there" in said
    assert "impressions/2026-11-18.parquet 13,000 000000000000" in said
    assert "training began with v0007" in said


def test_the_candidate_has_the_name_of_its_version():
    unnamed = night_with_unnamed_candidate()
    said = Page(to_html(unnamed)).said
    assert "v0008 minus v0007, against the margins" in said
    assert "v0008 candidate 0." in said


def night_with_unnamed_candidate():
    found = nights.verdict(0.0).model_copy(update={"candidate": "candidate"})
    return nights.night(found)


def test_a_finding_that_is_broken_is_told_at_the_top(pages):
    top = Page(pages["drifted"]).said.partition("The decision")[0]
    assert "drift: numbers: price: stability index 0.410, limit 0.25" in top


def test_the_markdown_has_every_table_of_the_page():
    text = to_markdown(nights.kept())
    titles = [one.title for part in sections(nights.kept()) for one in part.tables]
    assert len(titles) == 11
    for title in titles:
        assert f"## {title}" in text
