import re

import pytest

from pipelines.cli import main
from tests.inspect.folders import FEATURES, folder_of, random_rows, row
from tests.lists_on_disk import write_lists
from tests.report.test_html import Page

BAD = '<img src=x onerror="alert(1)">'


def page_of(path, *arguments):
    code = main(["inspect", *(str(one) for one in arguments), "--html", str(path)])
    return code, path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The three pages of lists whose ids, columns and reasons are markup."""
    folder = tmp_path_factory.mktemp("pages")
    rows = [{**one, f"document/{BAD}": one["document/price"]} for one in random_rows(40)]
    rows.append(
        row([1, 0], query_id=BAD, document_id=[BAD, "b"], **{f"document/{BAD}": [0.0, 1.0]})
    )
    write_lists(folder / "lists", {"test": [rows]}, [*FEATURES, {**FEATURES[3], "name": BAD}])
    text = (folder / "lists/manifest.json").read_text()
    odd = '"rejected": {"<img src=x>": 0}'
    (folder / "lists/manifest.json").write_text(text.replace('"rejected": {}', odd))
    other = folder_of(folder / "other", random_rows(300, seed=1, shift=2.0))
    return {
        "profile": page_of(folder / "profile.html", folder / "lists"),
        "list": page_of(folder / "list.html", folder / "lists", "--query", BAD),
        "drift": page_of(folder / "drift.html", folder / "lists", "--against", other),
    }


@pytest.mark.parametrize("name", ["profile", "list", "drift"])
def test_text_from_a_log_stays_text(pages, name):
    page = Page(pages[name][1])
    assert "<img" not in pages[name][1]
    assert not page.all("img")
    assert BAD in page.said


@pytest.mark.parametrize("name", ["profile", "list", "drift"])
def test_nothing_is_loaded_and_nothing_runs(pages, name):
    text = pages[name][1]
    page = Page(text)
    assert not re.search(r"https?:|@import|javascript:|\burl\((?!#)", text)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, *_ in page.elements}
    assert not [key for _, attrs, _ in page.elements for key in attrs if key.startswith("on")]


@pytest.mark.parametrize("name", ["profile", "list", "drift"])
def test_a_page_is_for_every_screen(pages, name):
    page = Page(pages[name][1])
    viewport = {"name": "viewport", "content": "width=device-width, initial-scale=1"}
    assert viewport in [attrs for attrs, _ in page.all("meta")]
    assert "prefers-color-scheme: dark" in pages[name][1]
    assert len(page.all("h1")) == 1
    assert all(("div", "scroll") in parents for _, parents in page.all("table"))
    ids = [attrs["id"] for _, attrs, _ in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_every_picture_is_named_and_captioned(pages):
    for name, many in (("profile", 5), ("drift", 6), ("list", 0)):
        page = Page(pages[name][1])
        assert len(page.all("svg")) == len(page.all("figcaption")) == many
        assert all(len(attrs["aria-label"]) > 10 for attrs, _ in page.all("svg"))


def test_the_broken_rules_stand_on_top(pages):
    code, text = pages["drift"]
    page = Page(text)
    assert code == 3
    assert "rules beyond their limits" in page.said
    assert page.said.index("schema: document/<img") < page.said.index("How near to its limit")


def test_empty_lists_have_a_page(tmp_path):
    write_lists(tmp_path / "lists", {}, FEATURES)
    code, text = page_of(tmp_path / "page.html", tmp_path / "lists")
    assert code == 0
    assert "undefined: there is nothing to draw" in text
    other = folder_of(tmp_path / "other", random_rows(30))
    code, text = page_of(tmp_path / "drift.html", tmp_path / "lists", "--against", other)
    assert code == 3
    assert "fewer_lists: lists" in Page(text).said


def test_equal_lists_give_equal_pages(tmp_path):
    folder = folder_of(tmp_path / "lists", random_rows(20))
    assert page_of(tmp_path / "a.html", folder) == page_of(tmp_path / "b.html", folder)
