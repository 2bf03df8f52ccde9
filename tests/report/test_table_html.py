import re

import pytest

from pipelines.report.table_html import to_html, to_markdown, write_table_report
from pipelines.report.words import MINUS
from tests.report.examples import HOSTILE
from tests.report.table_examples import counterfactual, estimate, hostile_table_report, table_report
from tests.report.test_html import Page


@pytest.fixture(scope="module")
def text():
    return to_html(table_report())


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_nothing_is_loaded_from_anywhere(text, page):
    without_comments = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"https?:|//|@import|javascript:|\burl\((?!#)", without_comments)
    [script] = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    assert not re.search(r"fetch|XMLHttp|import|eval|innerHTML|https?:", script)
    assert [attrs for attrs, _ in page.all("script")] == [{}]
    assert not {"link", "img", "iframe", "object"} & {tag for tag, *_ in page.elements}


def test_the_headline_and_its_verdict_come_first(page):
    assert "score ndcg@10 0.700 [0.690, 0.710] , +0.040 [+0.030, +0.050] over other" in page.said
    assert page.said.index("Better than other") < page.said.index("Result")


def test_a_part_that_is_worse_beyond_chance_is_said_at_the_top(page):
    told = "Worse for device: tablet, -0.100 [-0.110, -0.090] over 400 lists".replace("-", MINUS)
    worse = page.said.index(told)
    assert worse < page.said.index("Result")


def test_a_part_cut_by_what_was_relevant_is_no_news():
    first, *others = table_report().slices
    by = "first relevant document, by position"
    cut = first.model_copy(update={"by": by, "value": "1"})
    said = Page(to_html(table_report(slices=(cut, *others)))).said
    assert "Worse for" not in said


def test_what_a_new_ranking_would_get_has_its_own_section():
    report = table_report(counterfactual=counterfactual())
    said = Page(to_html(report)).said
    assert "What the new ranking would get" in said
    assert "new would get 0.6 [0.5, 0.7] click per list (self-normalised)" in said
    assert "lies above what the log itself got" in said.replace("whole 95 % interval ", "")
    assert "A warning." in said
    assert "## Importance weights" in to_markdown(report)


def test_every_section_has_its_picture_and_every_id_is_unique(page):
    assert len(page.all("svg")) == len(page.all("figcaption")) == 7
    ids = [attrs["id"] for _, attrs, _ in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_slices_and_worst_lists_can_be_sorted_by_their_numbers(page):
    sortable = [attrs for attrs, _ in page.all("table") if "data-sortable" in attrs]
    assert len(sortable) == 2
    assert {"400", "-0.1", "0.05"} <= {attrs.get("data-key") for attrs, _ in page.all("td")}


def test_what_was_unusual_is_counted(page):
    assert "score not finite 3" in page.said
    assert "nothing" not in page.said


def test_one_ranker_alone_has_no_verdict_and_no_difference():
    said = Page(to_html(table_report(baseline=False))).said
    assert "score ndcg@10 0.700 [0.690, 0.710]" in said
    assert "difference" not in said.lower().split("how the numbers")[0]


def test_without_intervals_none_is_drawn_or_said():
    bare = table_report().definitions.model_copy(update={"resamples": 0})
    said = Page(to_html(table_report(definitions=bare))).said
    assert "No intervals were asked for." in said


def test_a_metric_of_which_less_is_better_is_judged_so():
    one = table_report().metrics[0].model_copy(
        update={"lower_is_better": True, "difference": estimate(-0.04)}
    )  # fmt: skip
    said = Page(to_html(table_report(metrics=(one,)))).said
    assert "Better than other: the whole 95 % interval of the paired difference lies below" in (
        said.replace("\N{NARROW NO-BREAK SPACE}", " ")
    )


def test_text_from_a_table_stays_text():
    text = to_html(hostile_table_report())
    page = Page(text)
    assert "<img" not in text
    assert text.count("<script") == 1
    assert page.said.count(HOSTILE) >= 8


def test_markdown_has_the_tables_and_no_markup_of_a_log():
    text = to_markdown(hostile_table_report())
    assert "<img" not in text
    assert "## ndcg@10 by part of the lists, worst first" in text


def test_the_same_report_gives_the_same_files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_table_report(table_report(), tmp_path / name)
    for name in ("report.html", "report.md", "report.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
