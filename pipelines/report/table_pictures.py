"""The pictures of a scored table's report."""

from pipelines.report.canvas import (
    GRID,
    INK,
    MODEL,
    MUTED,
    SERIES,
    Picture,
    drawing,
    horizontal_grid,
    nothing_to_draw,
    round_ticks,
    to_svg,
)
from pipelines.report.counterfactual_picture import picture as counterfactual_picture
from pipelines.report.picture_curves import by_k_svg
from pipelines.report.picture_lists import histogram_svg, positions_picture, wilson
from pipelines.report.picture_quality import ForestLine, forest_svg
from pipelines.report.record import BINS, CURVE_KS, Estimate
from pipelines.report.table_record import Bin, TableReport
from pipelines.report.words import count, interval, number, percent, short, signed

SLICES_DRAWN = 12


def table_pictures(report: TableReport) -> list[Picture]:
    """Draw every picture that the report has data for, in the page's order."""
    found = [_metrics(report)]
    if report.baseline:
        found.append(_differences(report))
    if report.counterfactual:
        found.append(counterfactual_picture(report.counterfactual))
    if report.slices:
        found.append(_slices(report))
    found += [_by_k(report), _distribution(report)]
    if report.reliability:
        found.append(_reliability(report.reliability))
    if report.positions:
        found.append(positions_picture(report.positions))
    return found


def _metrics(report: TableReport) -> Picture:
    lines = []
    for one in report.metrics:
        estimates = [one.candidate, *([one.baseline] if one.baseline else [])]
        for side, estimate, colour in zip(report.sides, estimates, SERIES, strict=False):
            label = f"{one.name}, {short(side.name, 14)}" if report.baseline else one.name
            strong = side is report.sides[0]
            lines.append(_line(label, estimate, colour, strong=strong))
    return Picture(
        name="quality",
        title="Every metric",
        svg=forest_svg("quality", lines),
        spoken="; ".join(f"{line.label} {line.said}" for line in lines),
        caption=f"Dot: mean over the lists. {_line_rule(report)}",
    )


def _differences(report: TableReport) -> Picture:
    lines = [
        _line(one.name, one.difference, MODEL, sign=True, strong=one is report.lead)
        for one in report.metrics
        if one.difference
    ]
    return Picture(
        name="difference",
        title=f"{short(report.sides[0].name)} minus {short(report.baseline or '')}",
        svg=forest_svg("difference", lines, zero=True),
        spoken="; ".join(f"{line.label}: {line.said}" for line in lines),
        caption=(
            f"Dot: mean paired difference over the same lists. {_line_rule(report)} A line that"
            " crosses zero leaves open which one is better."
        ),
    )


def _slices(report: TableReport) -> Picture:
    against = report.baseline is not None
    lines = [
        _line(
            f"{short(one.by, 22)}: {short(one.value, 16)}",
            one.difference or one.candidate,
            MODEL,
            sign=against,
        )
        for one in report.slices[:SLICES_DRAWN]
    ]
    what = "difference" if against else "mean"
    return Picture(
        name="slices",
        title=f"{report.headline}: the worst parts of the lists",
        svg=forest_svg("slices", lines, zero=against),
        spoken="; ".join(f"{line.label} {line.said}" for line in lines),
        caption=(
            f"The {len(lines)} of {len(report.slices)} parts with the lowest {what}."
            f" {_line_rule(report)} One of many parts looks bad by chance: the table has p adjusted"
            " for their number."
            if against
            else f"The {len(lines)} of {len(report.slices)} parts with the lowest {what}."
            f" {_line_rule(report)}"
        ),
    )


def _line(
    label: str, estimate: Estimate, colour: str, *, sign: bool = False, strong: bool = False
) -> ForestLine:
    value = signed(estimate.value) if sign else number(estimate.value)
    said = value if estimate.low is None else f"{value} {interval(estimate, sign=sign)}"
    return ForestLine(label, said, estimate, colour, strong)


def _line_rule(report: TableReport) -> str:
    rules = report.definitions
    if not rules.resamples:
        return "No intervals were asked for."
    return f"Line: {percent(rules.confidence)} bootstrap interval over lists."


def _by_k(report: TableReport) -> Picture:
    ends = (
        f"{side.name} from {number(side.by_k[0])} at k = 1 to {number(side.by_k[-1])}"
        f" at k = {CURVE_KS[-1]}"
        for side in report.sides
    )
    return Picture(
        name="by-k",
        title="NDCG by k",
        svg=by_k_svg([(side.name, side.by_k) for side in report.sides]),
        spoken="; ".join(ends),
        caption=(
            "Mean NDCG over the lists when only the first k documents count. The axis does not"
            " start at 0."
        ),
    )


def _distribution(report: TableReport) -> Picture:
    ours, *others = [(side.name, side.histogram) for side in report.sides]
    blank = report.lead.candidate.blank
    return Picture(
        name="distribution",
        title=f"{report.headline} list by list",
        svg=histogram_svg(
            ours, next(iter(others), None), SERIES[1], f"{report.headline} of a list"
        ),
        spoken=(
            f"Of {count(sum(ours[1]))} lists {count(ours[1][-1])} are at 0.95 or above and"
            f" {count(ours[1][0])} below 0.05"
        ),
        caption=(
            f"Number of lists by their {report.headline}, in bins of {1 / BINS:g}. A mean can hide"
            f" many lists at 0. {count(blank)} lists without a value are not drawn."
        ),
    )


def _reliability(bins: tuple[Bin, ...]) -> Picture:
    return Picture(
        name="reliability",
        title="Reliability of the score as a probability",
        svg=_reliability_svg(bins) if bins else nothing_to_draw("reliability"),
        spoken="; ".join(
            f"mean score {number(one.score)}: {number(one.clicked / one.documents)}" for one in bins
        ),
        caption=(
            "Dot: documents whose scores lie in one bin, their mean score and the share of them"
            f" with a label above 0; line: {percent(0.95)} Wilson interval. A score that is the"
            " probability of a label above 0 lies on the diagonal."
        ),
    )


def _reliability_svg(bins: tuple[Bin, ...]) -> str:
    at = [one.score for one in bins]
    low, high = zip(*(wilson(one.clicked, one.documents) for one in bins), strict=True)
    with drawing(270) as (figure, [plot]):
        plot.plot([0, 1], [0, 1], color=GRID, linewidth=1.5)
        plot.vlines(at, low, high, color=MUTED, linewidth=1)
        plot.plot(at, [one.clicked / one.documents for one in bins], "o", color=INK, ms=4)
        horizontal_grid(plot, 5)
        plot.xaxis.set_major_locator(round_ticks(5))
        plot.set(xlabel="mean score", ylabel="share with a label above 0")
        return to_svg(figure, "reliability")
