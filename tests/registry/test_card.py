from pipelines.registry import Registry
from tests.registry.models import about, evaluation, filled, gate, model, write


def card_of(version) -> str:
    text: str = (version.folder / "README.md").read_text()
    return text


def test_the_card_says_what_the_model_is_for_made_of_and_how_good_it_is(tmp_path):
    version = Registry(tmp_path / "models").add(model(tmp_path / "model"), about(parent=None))
    text = card_of(version)
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## Model details",
        "## Intended use",
        "## Factors",
        "## Metrics",
        "## Training and evaluation data",
        "## Ethical considerations",
        "## Caveats and recommendations",
    ]
    for told in (
        "# Ranking model of 2026-11-21",
        r"ndcg@10 0.600 \[0.580, 0.620\] on 508 held-out lists.",
        "parameters: 16 in 1 tensors",
        "95 % intervals",
        "| rejected: no query | 15 |",
        "| log/2026-11-21.parquet | log | 120 | abababababab |",
        "| device: phone | 0.600",
        r"| not\_worse: ndcg@10 | holds |",
        "Logged order is a strong baseline.",
    ):
        assert told in text.replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_equal_models_have_equal_cards(tmp_path):
    _, (first, _) = filled(tmp_path / "a")
    _, (second, _) = filled(tmp_path / "b")
    assert card_of(first) == card_of(second)


def test_a_name_of_the_log_is_no_markup(tmp_path):
    hostile = "<img src=x onerror=alert(1)> [a](javascript:b) | `c`"
    found = evaluation()
    found["lists"] = {"slices": [{"by": "device", "value": hostile, "lists": 1}]}
    write(tmp_path / "report.json", found)
    said = about(code=hostile, lists={hostile: 1})
    changed = type(said)(
        lineage=said.lineage,
        evaluation=tmp_path / "report.json",
        gate={"rules": [{"rule": hostile, "passed": False, "says": hostile}]},
        intended_use=hostile,
    )
    text = card_of(Registry(tmp_path / "models").add(model(tmp_path / "model"), changed))
    assert text.count("&lt;img src=x onerror") == text.count("onerror") == 8
    for mark in ("<img", "[a](", "`c`"):
        assert mark not in text.replace(r"\[a\](", "")


def test_what_is_not_known_is_said(tmp_path):
    source = model(tmp_path / "model")
    (source / "encoder" / "encoder.json").unlink()
    (source / "encoder").rmdir()
    said = about(date=None, files=(), rows=None, lists={})
    alone = type(said)(lineage=said.lineage)
    text = card_of(Registry(tmp_path / "models").add(source, alone))
    assert text.startswith("# Ranking model\n")
    for told in (
        "No evaluation was kept with this model.",
        "No encoder was kept",
        "No slices were asked for",
        "How the metrics are defined was not told.",
    ):
        assert told in text


def test_a_broken_rule_is_a_caveat(tmp_path):
    rule = {"rule": "calibration", "subject": "all lists", "passed": False, "says": "0.3 > 0.1"}
    said = about()
    forced = type(said)(lineage=said.lineage, gate={**gate(), "rules": [rule]})
    text = card_of(Registry(tmp_path / "models").add(model(tmp_path / "model"), forced))
    assert "* It breaks the rule calibration on all lists: 0.3 > 0.1" in text
