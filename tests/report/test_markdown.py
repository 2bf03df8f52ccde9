from pipelines.report.markdown import to_markdown
from pipelines.report.words import UNDEFINED
from tests.report.examples import good_report, hostile_report, undefined_report


def test_begins_with_the_headline_the_verdict_and_the_rules():
    title, headline, verdict, rules = to_markdown(good_report()).split("\n\n")[:4]
    assert title == "# sample\\_data: offline evaluation"
    assert headline.startswith("**Model NDCG@10 0.")
    assert verdict.startswith("Better than logged order")
    assert rules.startswith("Gain 2^grade")


def test_every_table_has_rows_as_wide_as_its_head():
    for section in to_markdown(hostile_report()).split("\n## ")[1:]:
        lines = section.strip().splitlines()[2:]
        cells = {line.replace("\\|", "").count("|") for line in lines}
        assert len(cells) == 1
        assert len(lines) > 2


def test_holds_the_numbers():
    text = to_markdown(good_report())
    one = good_report().model.ndcg[5]
    assert f"{one.value:.3f} \\[{one.low:.3f}, {one.high:.3f}\\]" in text
    assert "| rejected: duplicate | 214 | 0.4" in text


def test_undefined_numbers_are_dashes():
    assert f"| model | {UNDEFINED} \\[no interval\\] |" in to_markdown(undefined_report())


def test_text_from_a_log_stays_text():
    text = to_markdown(hostile_report())
    assert "<img" not in text
    assert "<script" not in text
    assert "**bold**" not in text


def test_a_job_without_events_has_no_table_of_them():
    data = good_report().data.model_copy(update={"events": None})
    assert "## Events" not in to_markdown(good_report(data=data))
