"""The picture of the parts of the lists, and how every estimate of a table is drawn."""

from pipelines.report.canvas import MODEL, Picture
from pipelines.report.parts import Estimate
from pipelines.report.picture_quality import ForestLine, forest_svg
from pipelines.report.table_record import TableReport
from pipelines.report.words import interval, number, percent, short, signed

SLICES_DRAWN = 12


def slices_picture(report: TableReport) -> Picture:
    """The headline metric, or its difference, over the worst parts."""
    against = report.baseline is not None
    known = [one for one in report.slices if (one.difference or one.candidate).value is not None]
    lines = [
        forest_line(
            f"{short(one.by, 22)}: {short(one.value, 16)}",
            one.difference or one.candidate,
            MODEL,
            sign=against,
        )
        for one in known[:SLICES_DRAWN]
    ]
    chance = " One of many parts looks bad by chance: the table has p adjusted for their number."
    return Picture(
        name="slices",
        title=f"{report.headline}: the worst parts of the lists",
        svg=forest_svg("slices", lines, zero=against),
        spoken="; ".join(f"{line.label} {line.said}" for line in lines),
        caption=f"{_drawn(report, len(lines), len(known))} {line_rule(report)}"
        + (chance if against else ""),
    )


def _drawn(report: TableReport, lines: int, known: int) -> str:
    what = "mean" if report.baseline is None else "difference"
    order = "highest" if report.lead.lower_is_better else "lowest"
    if lines == known:
        return f"Every part that has a {what}, the {order} on top."
    return f"The {lines} of {known} parts with the {order} {what}."


def forest_line(
    label: str, estimate: Estimate, colour: str, *, sign: bool = False, strong: bool = False
) -> ForestLine:
    """Say and draw an estimate, with a sign if it is a difference."""
    value = signed(estimate.value) if sign else number(estimate.value)
    said = value if estimate.low is None else f"{value} {interval(estimate, sign=sign)}"
    return ForestLine(label, said, estimate, colour, strong)


def line_rule(report: TableReport) -> str:
    """Say what a line of the picture is."""
    rules = report.definitions
    if not rules.resamples:
        return "No intervals were asked for."
    return f"Line: {percent(rules.confidence)} bootstrap interval over lists."
