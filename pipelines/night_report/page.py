"""The report of a night as one self-contained page: no network, no script, light and dark."""

from collections.abc import Sequence
from dataclasses import replace

from pipelines.inspect.drift_picture import limits_picture
from pipelines.inspect.drift_tables import findings_table
from pipelines.inspect.tables import shown
from pipelines.night_report import tables, words
from pipelines.night_report.pictures import gate_picture, rankers_picture, steps_picture
from pipelines.night_report.record import Night
from pipelines.report import tables as report_tables
from pipelines.report.html import Shown, page
from pipelines.report.section import Section
from pipelines.report.tables import Table

FOOTER = (
    "For machines: outcome.json and gate.json beside this page. The whole evaluation, by part of"
    " the lists and with the worst ones, is in report/report.html."
)


def to_html(night: Night) -> str:
    """Write the page. Every text is escaped: a name that came from a log cannot become markup."""
    outcome, told = night.outcome, words.headline(night)
    return page("night.html").render(
        title=f"{shown(night.job)}, night of {outcome.date}: {outcome.status}",
        kicker=f"{shown(night.job)} · night of {outcome.date} · {outcome.status}",
        verdict=told,
        broken=words.broken(night),
        lines=words.lines(night),
        sections=sections(night),
        footer=FOOTER,
    )


def sections(night: Night) -> list[Section]:
    """Every part of the page that the night came to."""
    return [
        *_decision(night),
        *_drift(night),
        *_data(night),
        *_course(night),
    ]


def _decision(night: Night) -> list[Section]:
    verdict = words.verdict_of(night)
    judged = [tables.rules(words.rules(night)), tables.idle(words.rules(night))]
    if verdict is None:
        found = _there(judged) if words.rules(night) else []
        return [Section(title="The decision", wide=found)] if found else []
    drawn = [Shown(gate_picture(verdict)), Shown(rankers_picture(verdict))]
    compared = [tables.rankers(verdict), tables.slices(verdict)]
    return [
        Section(title="The decision", wide=_there(judged)),
        Section(
            title="Against the champion and the baselines", pictures=drawn, wide=_there(compared)
        ),
    ]


def _drift(night: Night) -> list[Section]:
    if not night.findings:
        return []
    picture = Shown(limits_picture(night.findings))
    found = replace(findings_table(night.findings), title="Every finding")
    return [Section(title="Drift", pictures=[picture], folded=[found])]


def _data(night: Night) -> list[Section]:
    outcome, report = night.outcome, night.report
    if report is not None:
        data = report.data
        fates = [report_tables.log_rows(data), report_tables.events(data)]
        parts = [report_tables.splits(data)]
        return [Section(title="Rows and lists", wide=parts, narrow=_there(fates))]
    rows = tables.rows(outcome.rows) if outcome.rows else None
    counted = tables.lists(outcome.lists) if outcome.lists else None
    found = _there([rows, counted])
    return [Section(title="Rows and lists", narrow=found)] if found else []


def _course(night: Night) -> list[Section]:
    seconds, lineage = night.outcome.seconds, night.lineage
    files = tables.files(lineage) if lineage is not None and lineage.files else None
    made = Section(title="Lineage", narrow=_there([tables.origin(night), files]))
    if not seconds:
        return [made]
    drawn = [Shown(steps_picture(seconds))]
    return [Section(title="Time", pictures=drawn, narrow=[tables.steps(seconds)]), made]


def _there(found: Sequence[Table | None]) -> list[Table]:
    return [one for one in found if one is not None]
