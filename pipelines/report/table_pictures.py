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
from pipelines.report.parts import BINS
from pipelines.report.picture_curves import ndcg_by_k_picture
from pipelines.report.picture_lists import histogram_svg, positions_picture, wilson
from pipelines.report.picture_quality import forest_svg
from pipelines.report.picture_slices import forest_line, line_rule, slices_picture
from pipelines.report.table_record import Bin, TableReport
from pipelines.report.words import count, number, percent, short


def table_pictures(report: TableReport) -> list[Picture]:
    """Draw every picture that the report has data for, in the page's order."""
    found = [_metrics(report)]
    if report.baseline:
        found.append(_differences(report))
    if report.counterfactual:
        found.append(counterfactual_picture(report.counterfactual))
    if report.slices:
        found.append(slices_picture(report))
    curves = [(side.name, side.by_k) for side in report.sides]
    found += [ndcg_by_k_picture(curves), _distribution(report)]
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
            lines.append(forest_line(label, estimate, colour, strong=strong))
    return Picture(
        name="quality",
        title="Every metric",
        svg=forest_svg("quality", lines),
        spoken="; ".join(f"{line.label} {line.said}" for line in lines),
        caption=f"Dot: mean over the lists. {line_rule(report)}",
    )


def _differences(report: TableReport) -> Picture:
    lines = [
        forest_line(one.name, one.difference, MODEL, sign=True, strong=one is report.lead)
        for one in report.metrics
        if one.difference
    ]
    return Picture(
        name="difference",
        title=f"{short(report.sides[0].name)} minus {short(report.baseline or '')}",
        svg=forest_svg("difference", lines, zero=True),
        spoken="; ".join(f"{line.label}: {line.said}" for line in lines),
        caption=(
            f"Dot: mean paired difference over the same lists. {line_rule(report)} A line that"
            " crosses zero leaves open which one is better."
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
            " many lists at 0."
            + (f" {count(blank)} lists without a value are not drawn." if blank else "")
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
