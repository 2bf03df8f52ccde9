"""The report of a scored table: one self-contained page, Markdown and JSON.

The page needs no network, and no script but for sorting its tables by another column.
"""

from collections.abc import Mapping
from pathlib import Path

from pipelines.report import counterfactual_tables, table_tables, tables, words
from pipelines.report.counterfactual_picture import picture
from pipelines.report.counterfactual_record import Counterfactual
from pipelines.report.html import Shown, page
from pipelines.report.markdown import escaped, section
from pipelines.report.table_pictures import table_pictures
from pipelines.report.table_record import PolicyReport, TableReport
from pipelines.report.tables import Table


def write_table_report(report: TableReport, folder: Path) -> None:
    """Write ``report.json``, ``report.md`` and ``report.html`` into an existing folder.

    Equal reports give equal bytes.
    """
    texts = {
        "report.json": report.model_dump_json(indent=2) + "\n",
        "report.md": to_markdown(report),
        "report.html": to_html(report),
    }
    _write(texts, folder)


def write_policy_report(report: PolicyReport, folder: Path) -> None:
    """Write the three files of a policy's report into an existing folder."""
    found = report.counterfactual
    html = page("policy.html").render(
        report=report, words=words, clicks=counterfactual_tables, picture=Shown(picture(found))
    )
    parts = [
        f"# {escaped(report.source)}: counterfactual evaluation",
        f"**{escaped(counterfactual_tables.headline(found))}**",
        escaped(counterfactual_tables.sentence(found)),
        *(f"> {escaped(warning)}" for warning in found.warnings),
        *(section(table) for table in _sections(found)),
    ]
    texts = {
        "report.json": report.model_dump_json(indent=2) + "\n",
        "report.md": "\n\n".join(parts) + "\n",
        "report.html": html,
    }
    _write(texts, folder)


def _write(texts: Mapping[str, str], folder: Path) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _sections(found: Counterfactual) -> list[Table]:
    said = counterfactual_tables
    return [said.estimates(found), said.weights(found), said.definitions(found)]


def to_html(report: TableReport) -> str:
    """Write the page. Every text is escaped: a document cannot become markup."""
    return page("table.html").render(
        report=report,
        words=words,
        tables=table_tables,
        job_tables=tables,
        rules=rules_line(report),
        verdict=verdict(report),
        clicks=counterfactual_tables,
        pictures={picture.name: Shown(picture) for picture in table_pictures(report)},
    )


def to_markdown(report: TableReport) -> str:
    """Write the report for a terminal, a pull request or a chat."""
    shown = [
        table_tables.metrics(report),
        *(_sections(report.counterfactual) if report.counterfactual else []),
        *([table_tables.slices(report)] if report.slices else []),
        table_tables.by_k(report),
        *([table_tables.reliability(report)] if report.reliability else []),
        *([table_tables.worst(report)] if report.worst else []),
        table_tables.counts(report),
        table_tables.definitions(report),
    ]
    said = verdict(report)
    parts = [
        f"# {escaped(report.source)}: offline evaluation",
        f"**{escaped(headline(report))}**",
        *([escaped(said.sentence)] if said else []),
        escaped(rules_line(report)),
        *(f"> {escaped(note)}" for note in _notes(report)),
        *(section(table) for table in shown),
    ]
    return "\n\n".join(parts) + "\n"


def _notes(report: TableReport) -> tuple[str, ...]:
    found = report.counterfactual
    return report.notes if found is None else (*report.notes, *found.warnings)


def headline(report: TableReport) -> str:
    """Say the main result in one line."""
    one = report.lead
    ours = f"{report.sides[0].name} {one.name} {words.number(one.candidate.value)}"
    if report.definitions.resamples:
        ours += f" {words.interval(one.candidate)}"
    if one.difference is None or report.baseline is None:
        return ours
    found = f"{ours}, {words.signed(one.difference.value)}"
    if report.definitions.resamples:
        found += f" {words.interval(one.difference, sign=True)}"
    return f"{found} against {report.baseline}"


def verdict(report: TableReport) -> words.Verdict | None:
    """Judge the comparison, if there is one."""
    one = report.lead
    if one.difference is None or report.baseline is None:
        return None
    return words.judge(
        one.difference,
        report.baseline,
        report.definitions.confidence,
        lower_is_better=one.lower_is_better,
    )


def rules_line(report: TableReport) -> str:
    """Say every rule behind the headline in one line."""
    rules, ours = report.definitions, report.lead.candidate
    blank = f"every list has a value of {report.headline}"
    if ours.blank:
        blank = (
            f"{words.count(ours.blank)} of {words.count(report.lists)} lists have no value of"
            f" {report.headline} and are {table_tables.BLANK[rules.blank]}"
        )
    return (
        f"Gain: {table_tables.gain(rules)}; tied scores: {table_tables.ties(rules)}; {blank};"
        f" intervals: {table_tables.intervals(rules)}."
    )
