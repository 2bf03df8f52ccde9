"""The model card of a version: what it is for, what it was made of, and how good it is.

Source: Mitchell et al., Model Cards for Model Reporting, 2019 (arXiv:1810.03993), whose sections it
has. The card does not name its version, and no time of writing: equal models have equal cards.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.registry import facts
from pipelines.registry import tables as shown
from pipelines.registry.version import Version
from pipelines.report.markdown import escaped, section
from pipelines.report.tables import Table
from pipelines.report.words import count, number, percent, signed

TEMPLATES: Final = Path(__file__).parent / "templates"
INTENDED_USE: Final = (
    "Order the documents of one query of the log that the model was trained on, on days soon after "
    "the last one it has seen."
)
CAVEATS: Final = (
    "Offline quality is measured against what people did with the order they were shown; only a "
    "test with visitors says what they do with this one.",
    "Users, documents and other ids that the training did not see share one vector each kind, "
    "however many they are.",
    "A champion grows old: train anew when its log no longer looks like the one it learned from.",
)


def card(version: Version, intended_use: str = INTENDED_USE) -> str:
    """Write ``README.md`` of a version; whatever comes from a log or a job is no markup.

    Raises:
        RegistryError: A record of the version cannot be read.
    """
    environment = Environment(  # noqa: S701 - Markdown, escaped by finalize
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    text = environment.get_template("card.md.jinja").render(
        intended_use=intended_use, **_content(version)
    )
    return text.rstrip("\n") + "\n"


def _plain(value: object) -> object:
    return value if isinstance(value, Markup) else escaped(str(value))


def _content(version: Version) -> dict[str, Any]:
    evaluation, gate = facts.evaluation_of(version), facts.gate_of(version)
    date = version.lineage.date
    return {
        "title": f"Ranking model of {date}" if date else "Ranking model",
        "summary": _summary(evaluation),
        "details": _details(version),
        "features": _table(shown.features(facts.model_of(version).features)),
        "metrics_are": _defined(evaluation),
        "metrics": _table(shown.measured("Quality on held-out lists", evaluation.metrics)),
        "against": _table(shown.measured("Against the baselines", evaluation.against, sign=True)),
        "slices": _table(shown.measured("Slices", evaluation.slices)),
        "rules": _table(shown.rules(gate.rules)),
        "differences": _table(shown.against(gate)),
        "data": _data(version),
        "fates": _table(shown.fates(facts.fates_of(version))),
        "files": _table(shown.files(version.lineage.files)),
        "notes": [*CAVEATS, *_caveats(version, evaluation, gate), *evaluation.notes],
    }


def _table(table: Table) -> Markup:
    """Below a heading of the card; nothing for a table without rows."""
    # Its cells were escaped one by one.
    return Markup("#" + section(table) if table.rows else "")  # noqa: S704


def _summary(evaluation: facts.Evaluation) -> list[str]:
    lines = []
    for name, found in evaluation.metrics[:1]:
        on = "" if found.lists is None else f" on {count(found.lists)} held-out lists"
        lines.append(f"{name} {number(found.value)} {shown.interval(found)}{on}.")
    for name, found in evaluation.against[:1]:
        lines.append(f"{name}: {signed(found.value)} {shown.interval(found, sign=True)}.")
    return lines


def _details(version: Version) -> dict[str, object]:
    model, lineage = facts.model_of(version), version.lineage
    recipe, weights = facts.flat(model.recipe), facts.weights_of(version)
    return {
        "night": lineage.date or "not told",
        "code": lineage.code,
        "parent": lineage.parent or "none: it began with initial weights",
        "towers": recipe.get("towers.name", "two_towers"),
        "interaction": recipe.get("towers.interaction", "mlp"),
        "loss": recipe.get("loss.name", "not told"),
        "seed": recipe.get("training.seed", "not told"),
        "best epoch": model.best_epoch or "not told",
        "parameters": f"{count(weights.parameters)} in {count(weights.tensors)} tensors",
        "encoder": model.encoder,
    }


def _defined(evaluation: facts.Evaluation) -> str:
    rules = evaluation.rules
    if not rules:
        return "How the metrics are defined was not told."
    sure = percent(evaluation.confidence) if evaluation.confidence else "the given"
    said = {
        "exp2": "gains of 2^grade - 1",
        "linear": "the grade as gain",
    }.get(str(rules.get("gain")), f"gains {rules.get('gain')}")
    blank = {
        "skip": "are left out",
        "zero": "count as 0",
        "one": "count as 1",
    }.get(str(rules.get("blank")), "are not told of")
    return (
        f"NDCG with {said}; lists without a relevant document {blank}; tied scores are averaged; "
        f"{sure} intervals by the bootstrap over lists."
    )


def _data(version: Version) -> Iterable[str]:
    lineage = version.lineage
    for part, lists in lineage.lists.items():
        yield f"{part}: {count(lists)} lists"
    if lineage.events is not None:
        yield f"events: {count(lineage.events.attributed)} of {count(lineage.events.read)} used"
    yield f"files of the log: {count(len(lineage.files))}"


def _caveats(version: Version, evaluation: facts.Evaluation, gate: facts.Gate) -> Iterable[str]:
    if not version.has("encoder"):
        yield "No encoder was kept: it ranks lists that are encoded, not rows of a log."
    if not evaluation.slices:
        yield "No slices were asked for, so nothing is known of whom it serves worse."
    for rule in gate.rules:
        if not rule.passed:
            yield f"It breaks the rule {rule.rule} on {rule.subject}: {rule.says}"
