"""The tables of a scored table's report, once, for Markdown and for HTML."""

from pipelines.report.parts import CURVE_KS, Estimate, Number
from pipelines.report.table_record import BY_OUTCOME, Definitions, Slice, TableReport, WorstList
from pipelines.report.tables import Cell, Table
from pipelines.report.words import UNDEFINED, count, interval, number, percent, share, signed

BLANK = {"skip": "left out", "zero": "counted as 0", "one": "counted as 1"}

TIES = {
    "averaged": "averaged",
    "input_order": "in the order of the rows",
    "document_id": "the higher document id first",
    "worst": "the lower label first",
}

OVER = {
    "documents": "mean over the lists, each weighed by its number of documents",
    "log": "computed from the documents of all lists together; its interval is that of the basic"
    " bootstrap over lists, which takes out the error that resampling adds, and it has no p",
}
"""How a metric is made that is not the plain mean over the lists."""


def metrics(report: TableReport) -> Table:
    """Every metric, and how it differs from the baseline's."""
    head = ["metric", report.sides[0].name]
    if report.baseline:
        head += [report.baseline, "difference", "p", "detectable"]
    rows = tuple(
        (
            Cell(one.name, "lower is better" if one.lower_is_better else ""),
            *_estimates(one.candidate, one.baseline, one.difference),
            *((Cell(chance(one.p)), Cell(number(one.detectable, 4))) if report.baseline else ()),
            Cell(count(one.candidate.lists)),
            Cell(count(one.candidate.blank)),
        )
        for one in report.metrics
    )
    title = "Metrics" if not report.definitions.resamples else (
        f"Metrics, with {percent(report.definitions.confidence)} intervals"
    )  # fmt: skip
    return Table(title=title, head=(*head, "lists that count", "blank lists"), rows=rows)


def slices(report: TableReport) -> Table:
    """The headline metric over each part of the lists, worst first."""
    head = ["part", "lists", report.sides[0].name]
    if report.baseline:
        head += [report.baseline, "difference", "p (Holm)"]
    rows = tuple(
        (
            Cell(f"{one.by}: {one.value}"),
            Cell(count(one.lists), "", one.lists),
            *_estimates(one.candidate, one.baseline, one.difference),
            *((Cell(chance(one.p_holm), "", one.p_holm),) if report.baseline else ()),
        )
        for one in report.slices
    )
    title = f"{report.headline} by part of the lists, worst first"
    return Table(title=title, head=tuple(head), rows=rows, sortable=True)


def _estimates(*estimates: Estimate | None) -> list[Cell]:
    told = []
    for at, one in enumerate(estimates):
        if one is not None:
            sign = at == 2
            text = signed(one.value) if sign else number(one.value)
            shown = "" if one.low is None else interval(one, sign=sign)
            told.append(Cell(text, shown, one.value))
    return told


def chance(p: Number) -> str:
    """Format a probability that chance alone would do it.

    Example:
        >>> chance(0.0432), chance(0.00001), chance(None)
        ('0.043', '< 0.001', '–')
    """
    if p is None:
        return UNDEFINED
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def worst(report: TableReport) -> Table:
    """The worst lists, one row each."""
    head = ["query", "documents", report.sides[0].name]
    if report.baseline:
        head += [report.baseline, "difference"]
    rows = tuple(
        (
            Cell(one.query),
            Cell(count(one.documents), "", one.documents),
            *(Cell(number(value), "", value) for value in _values(one)),
        )
        for one in report.worst
    )
    return Table(title=_worst_title(report), head=tuple(head), rows=rows, sortable=True)


def _values(one: WorstList) -> list[Number]:
    if one.candidate is None or one.baseline is None:
        return [one.candidate]
    return [one.candidate, one.baseline, one.candidate - one.baseline]


def _worst_title(report: TableReport) -> str:
    if report.baseline:
        return f"Lists on which {report.headline} loses most against {report.baseline}"
    return f"Lists with the worst {report.headline}"


def documents(one: WorstList) -> Table:
    """The documents of one list, in the candidate's order."""
    against = any(shown.baseline_rank is not None for shown in one.shown)
    rows = tuple(
        (
            Cell(str(shown.rank)),
            *((Cell(str(shown.baseline_rank)),) if against else ()),
            Cell(f"{shown.label:g}"),
            Cell(f"{shown.score:.4g}"),
            Cell(shown.text),
        )
        for shown in one.shown
    )
    head = ("rank", *(("baseline",) if against else ()), "label", "score", "document")
    return Table(title=f"Query {one.query}", head=head, rows=rows)


def by_k(report: TableReport) -> Table:
    """NDCG at every k of the curve."""
    rows = tuple(
        (Cell(str(k)), *(Cell(number(side.by_k[at])) for side in report.sides))
        for at, k in enumerate(CURVE_KS)
    )
    return Table(title="NDCG by k", head=("k", *(side.name for side in report.sides)), rows=rows)


def reliability(report: TableReport) -> Table:
    """Mean score against the share of relevant documents, by bins of the score."""
    rows = tuple(
        (
            Cell(number(one.score)),
            Cell(count(one.documents)),
            Cell(count(one.clicked)),
            Cell(share(one.clicked, one.documents)),
        )
        for one in report.reliability
    )
    head = ("mean score", "documents", "with a label above 0", "share")
    return Table(title="Reliability", head=head, rows=rows)


def counts(report: TableReport) -> Table:
    """What was read, and what was unusual about it."""
    found = {"rows": report.rows, "lists that were measured": report.lists, **report.counts}
    rows = tuple((Cell(name), Cell(count(n))) for name, n in found.items())
    return Table(title="What was read", head=("what", "number"), rows=rows)


def definitions(report: TableReport) -> Table:
    """The definition of every number."""
    rules = report.definitions
    found = {
        **{f"column: {part}": str(name) for part, name in report.columns.items()},
        "gain of a document": gain(rules),
        "discount at rank r": "1 / log2(1 + r), none beyond the cutoff",
        "tied scores": ties(rules),
        "lists without a value": BLANK[rules.blank],
        "interval": intervals(rules),
    }
    found |= {one.name: OVER[one.over] for one in report.metrics if one.over in OVER}
    if rules.preset:
        found["as defined by"] = rules.preset
    if rules.resamples and report.baseline:
        found["p"] = (
            "paired randomisation: how often random signs of the lists' differences give a mean"
            f" at least this far from 0; over parts adjusted for all {len(report.slices)} (Holm)"
        )
        found["detectable"] = (
            "the smallest true difference that a test at this confidence finds in 80 % of samples"
        )
    rows = tuple((Cell(name), Cell(rule)) for name, rule in found.items())
    return Table(title="How the numbers are defined", head=("what", "rule"), rows=rows, prose=True)


def gain(rules: Definitions) -> str:
    """Say the gain as a formula or a table."""
    if isinstance(rules.gain, str):
        return {"exp2": "2^label \N{MINUS SIGN} 1", "linear": "label"}[rules.gain]
    return ", ".join(f"label {label}: {value:g}" for label, value in enumerate(rules.gain))


def ties(rules: Definitions) -> str:
    """Say how documents with the same score are ordered."""
    return TIES.get(rules.ties, rules.ties)


def intervals(rules: Definitions) -> str:
    """Say how the intervals were made."""
    if not rules.resamples:
        return "none was asked for"
    method = {"bca": "BCa", "percentile": "percentile"}.get(rules.method, rules.method)
    return (
        f"{percent(rules.confidence)} {method} bootstrap over lists,"
        f" {count(rules.resamples)} resamples, seed {rules.seed}"
    )


def worst_slice(report: TableReport) -> Slice | None:
    """The first slice in which the candidate is worse beyond chance, all slices considered.

    Where the baseline had the relevant documents on top, any other order loses: such a slice is no
    news.
    """
    sign = -1 if report.lead.lower_is_better else 1
    for one in report.slices:
        if one.by.startswith(BY_OUTCOME):
            continue
        if one.difference and one.p_holm is not None and one.p_holm < 0.05:
            return one if sign * (one.difference.value or 0) < 0 else None
    return None
