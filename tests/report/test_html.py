import re
from html.parser import HTMLParser

import pytest

from pipelines.report.html import to_html
from pipelines.report.markdown import to_markdown
from tests.report.examples import (
    HOSTILE,
    good_report,
    hostile_report,
    undefined_report,
    unflattering_report,
)
from tests.report.table_examples import hostile_table_report, table_report

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Elements with their attributes and parents; fails on tags that do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[tuple[str, str | None]]]] = []
        self.open: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), list(self.open)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs).get("class")))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), list(self.open)))

    def handle_data(self, data):
        if not any(tag in ("style", "title") for tag, _ in self.open):
            self.words.append(data)

    @property
    def said(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [(attrs, parents) for found, attrs, parents in self.elements if found == tag]


@pytest.fixture(scope="module")
def text():
    return to_html(good_report())


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_a_browser_finds_what_it_needs(text, page):
    assert text.startswith("<!DOCTYPE html>")
    assert "<title>sample_data: offline evaluation</title>" in text
    viewport = {"name": "viewport", "content": "width=device-width, initial-scale=1"}
    assert viewport in [attrs for attrs, _ in page.all("meta")]
    assert "prefers-color-scheme: dark" in text
    assert page.all("html")[0][0] == {"lang": "en"}


def test_nothing_is_loaded_and_nothing_runs(text, page):
    assert not re.search(r"https?:|//|@import|javascript:|\burl\((?!#)", text)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, *_ in page.elements}
    loaded = [
        attrs[key] for _, attrs, _ in page.elements for key in ("href", "src") if key in attrs
    ]
    assert all(target.startswith("#") for target in loaded)
    assert not [key for _, attrs, _ in page.elements for key in attrs if key.startswith("on")]


def test_the_headline_comes_first_and_headings_nest(page):
    headings = [tag for tag, *_ in page.elements if re.fullmatch(r"h\d", tag)]
    assert headings[:2] == ["h1", "h2"]
    assert headings.count("h1") == 1
    ours = good_report().model.ndcg[10]
    assert f"Model NDCG@10 {ours.value:.3f} [{ours.low:.3f}, {ours.high:.3f}] , +0." in page.said
    assert page.said.index("Better than logged order") < page.said.index("Result")


def test_every_picture_is_named_and_captioned(page):
    pictures = [attrs for attrs, _ in page.all("svg")]
    assert len(pictures) == len(page.all("figcaption")) == 6
    assert all(one["role"] == "img" and len(one["aria-label"]) > 20 for one in pictures)


def test_every_id_is_unique(page):
    ids = [attrs["id"] for _, attrs, _ in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    labels = [attrs["aria-labelledby"] for attrs, _ in page.all("section")]
    assert set(labels) <= set(ids)


def test_every_table_scrolls_inside_its_box(page):
    tables = page.all("table")
    assert len(tables) == 10
    assert all(("div", "scroll") in parents for _, parents in tables)


def test_every_number_of_the_tables_is_there(page):
    report = good_report()
    for ranker in report.rankers:
        for one in ranker.ndcg.values():
            assert f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]" in page.said
    assert "rejected: list too long 2,000" in page.said
    assert "rejected: unmatched 257" in page.said


def test_equal_reports_give_equal_pages(text):
    assert to_html(good_report()) == text


def test_a_bad_result_is_said_as_plainly_as_a_good_one():
    page = Page(to_html(unflattering_report()))
    assert "against logged order ▼ Worse than logged order" in page.said


def test_an_undefined_result_is_a_page_too():
    page = Page(to_html(undefined_report()))
    assert "Model NDCG@10 is undefined ○ Undefined: no held-out list" in page.said
    assert not {"nan", "None"} & set(page.said.split())


def test_text_from_a_log_stays_text():
    text = to_html(hostile_report())
    page = Page(text)
    assert "<img" not in text
    assert "<script" not in text
    assert not page.all("img")
    assert page.said.count(HOSTILE) >= 10
    assert all(
        key in ("aria-label", "aria-labelledby") or HOSTILE not in (value or "")
        for _, attrs, _ in page.elements
        for key, value in attrs.items()
    )


def test_a_report_of_lists_has_their_metrics_parts_and_worst_lists():
    text = to_html(good_report(lists=table_report()))
    page = Page(text)
    for said in ("mrr", "For whom", "device: tablet", "Worst lists", "Documents of query q1"):
        assert said in page.said
    assert len([attrs for attrs, _ in page.all("table") if "data-sortable" in attrs]) == 2
    assert text.count("<script>") == 1
    ids = [attrs["id"] for _, attrs, _ in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert "## ndcg@10 by part of the lists" in to_markdown(good_report(lists=table_report()))


def test_documents_of_a_log_stay_text():
    text = to_html(good_report(lists=hostile_table_report()))
    assert "<img" not in text
    assert text.count("<script") == 1
