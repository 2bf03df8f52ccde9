"""The tables of a night's report, once, for Markdown and for the page."""

from collections.abc import Iterable, Mapping

from pipelines.gate.verdict import Compared, Verdict
from pipelines.inspect.tables import shown
from pipelines.night_report.record import Lineage, Night
from pipelines.nightly.outcome import RuleRecord
from pipelines.report.parts import Estimate
from pipelines.report.tables import Cell, Table
from pipelines.report.words import MINUS, UNDEFINED, count, interval, number, rate, share, signed

HASH = 12
"""Characters of a checksum that are shown; ``lineage.json`` has it whole."""
COMPARED = {"headline": "lower", "slice": "lower", "baseline": "upper"}
"""Rules about a difference, and which end of its interval they look at."""
MEANS = {
    "finite": "scores that are no numbers",
    "champion": "its scores that are no numbers",
    "constant": "share of lists of one score",
    "lists": "lists that count",
    "calibration": "error as probabilities",
}
"""What is counted, where the subject of a rule does not say it."""
FILES = 40
"""Files of the log that are shown, the latest."""


def rules(found: Iterable[RuleRecord]) -> Table:
    """Every rule that had something to judge, broken ones first; findings that hold are counted."""
    applied = sorted((one for one in found if one.applies), key=lambda one: one.passed)
    quiet = [one for one in applied if one.rule == "drift" and one.passed]
    rows = [_rule_row(one) for one in applied if one not in quiet]
    if quiet:
        held = Cell("drift", f"{count(len(quiet))} findings")
        rows.append((held, Cell("✓ holds"), Cell("below"), Cell(UNDEFINED)))
    head = ("rule", "verdict", "found", "must be")
    return Table(title="Rules of the gate", head=head, rows=tuple(rows))


def idle(found: Iterable[RuleRecord]) -> Table | None:
    """Rules that had nothing to judge, each with the reason."""
    rows = tuple(
        (Cell(one.rule, shown(one.subject)), Cell(one.says.removeprefix("does not apply: ")))
        for one in found
        if not one.applies
    )
    title = "Rules with nothing to judge"
    return Table(title=title, head=("rule", "why"), rows=rows, prose=True) if rows else None


def rankers(verdict: Verdict) -> Table:
    """The candidate, whom it was compared with, and the baselines."""
    found = [one for one in verdict.compared if one.kind != "slice"]
    found.sort(key=lambda one: (one.kind == "baseline", -(one.other.value or 0)))
    head = (f"ranker, {verdict.metric}", "mean", "candidate minus it", "lists")
    rows = [(Cell(shown(one.against), _part(one, verdict)), *_sides(one)) for one in found]
    if found:
        ours = Cell(shown(verdict.candidate), "candidate")
        mean = found[0].candidate
        rows.insert(0, (ours, _estimate(mean), Cell(UNDEFINED), Cell(count(mean.lists))))
    title = "Candidate, champion and baselines on the same lists"
    return Table(title=title, head=head, rows=tuple(rows))


def slices(verdict: Verdict) -> Table | None:
    """The same by slice, worst first."""
    found = [one for one in verdict.compared if one.kind == "slice"]
    found.sort(key=lambda one: (not one.judged, _or_highest(one.difference.low)))
    rows = tuple(
        (
            Cell(shown(one.subject), "" if one.judged else "too few lists to be judged"),
            _estimate(one.difference, sign=True),
            Cell(UNDEFINED if one.margin is None else signed(-one.margin)),
            _estimate(one.candidate),
            _estimate(one.other),
            Cell(count(one.difference.lists)),
        )
        for one in found
    )
    sides = (shown(verdict.candidate), shown(verdict.champion))
    head = ("slice", "difference", "lower end at least", *sides, "lists")
    table = Table(title="By slice, worst first", head=head, rows=rows)
    return table if rows else None


def rows(found: Mapping[str, int]) -> Table:
    """What became of the rows of the log."""
    read = found.get("read", 0)
    told = tuple(
        (Cell(shown(name)), Cell(count(n)), Cell(share(n, read) if read else UNDEFINED))
        for name, n in found.items()
    )
    return Table(title="Rows of the log", head=("fate", "rows", "share"), rows=told)


def lists(found: Mapping[str, int]) -> Table:
    """Lists of each part."""
    told = tuple((Cell(shown(name)), Cell(count(n))) for name, n in found.items())
    return Table(title="Lists", head=("part", "lists"), rows=told)


def steps(seconds: Mapping[str, float]) -> Table:
    """How long each step took."""
    total = sum(seconds.values())
    told = tuple(
        (Cell(shown(name)), Cell(_seconds(took)), Cell(_share(took, total)))
        for name, took in seconds.items()
    )
    whole = (Cell("all"), Cell(_seconds(total)), Cell(_share(total, total)))
    return Table(title="Steps", head=("step", "seconds", "share"), rows=(*told, whole))


def origin(night: Night) -> Table:
    """Which model came from where."""
    outcome, lineage = night.outcome, night.lineage
    told = {
        "candidate": outcome.candidate,
        "in use before": outcome.previous or "none",
        "in use after": outcome.champion or "none",
        "promoted by force": "yes" if outcome.forced else "no",
    }
    if lineage is not None:
        told |= {"training began with": lineage.parent or "initial weights", "code": lineage.code}
    rows = tuple((Cell(name), Cell(shown(value or UNDEFINED))) for name, value in told.items())
    return Table(title="Models", head=("what", "which"), rows=rows, prose=True)


def files(lineage: Lineage) -> Table:
    """The files of the log, the latest at the end."""
    told = tuple(
        (
            Cell(shown(one.file)),
            Cell(UNDEFINED if one.rows is None else count(one.rows)),
            Cell(one.sha256[:HASH]),
        )
        for one in lineage.files[-FILES:]
    )
    more = len(lineage.files) - len(told)
    title = "Files of the log" + (f", without {count(more)} earlier ones" if more else "")
    return Table(title=title, head=("file", "rows", "sha256 begins"), rows=told)


def _rule_row(one: RuleRecord) -> tuple[Cell, ...]:
    name = Cell(one.rule, MEANS.get(one.rule) or shown(one.subject))
    return name, Cell("✓ holds" if one.passed else "✗ fails"), _found(one), Cell(_must_be(one))


def _found(one: RuleRecord) -> Cell:
    if one.rule in COMPARED:
        ends = Estimate(value=one.value, low=one.low, high=one.high, lists=0, blank=0)
        return _estimate(ends, sign=True)
    quiet = "" if one.low is None else f"[{rate(one.low)}, {rate(one.high)}]"
    return Cell(_plain(one.value), quiet)


def _must_be(one: RuleRecord) -> str:
    if one.limit is None:
        return UNDEFINED
    if one.rule in COMPARED:
        return f"{COMPARED[one.rule]} end at least {signed(one.limit)}"
    return f"at {'least' if one.rule == 'lists' else 'most'} {_plain(one.limit)}"


def _plain(value: float | None) -> str:
    whole = value is not None and value.is_integer()
    return count(int(value)) if value is not None and whole else rate(value)


def _part(one: Compared, verdict: Verdict) -> str:
    if one.kind == "baseline":
        return "baseline"
    return "best baseline" if verdict.first else "champion"


def _sides(one: Compared) -> tuple[Cell, ...]:
    lists = Cell(count(one.difference.lists))
    return _estimate(one.other), _estimate(one.difference, sign=True), lists


def _estimate(found: Estimate, *, sign: bool = False) -> Cell:
    text = signed(found.value) if sign else number(found.value)
    return Cell(text, "" if found.low is None else interval(found, sign=sign), found.value)


def _or_highest(value: float | None) -> float:
    return float("inf") if value is None else value


def _seconds(took: float) -> str:
    return f"{took:,.1f}".replace("-", MINUS) if took else "0, was there"


def _share(took: float, total: float) -> str:
    return f"{100 * took / total:.0f} %" if total else UNDEFINED
