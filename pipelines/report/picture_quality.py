"""Pictures of quality: every ranker with its interval, and the paired difference per cutoff."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from pipelines.report.canvas import (
    INK,
    MODEL,
    MUTED,
    SERIES,
    Picture,
    drawing,
    nothing_to_draw,
    round_ticks,
    to_svg,
)
from pipelines.report.parts import Estimate
from pipelines.report.record import Report
from pipelines.report.words import headline, interval, number, percent, short, signed

ROW = 40
"""Height of one line of the picture: words above, interval below."""


class ForestLine(NamedTuple):
    """One estimate of a forest plot: its words, its colour, and whether it is the main one."""

    label: str
    said: str
    estimate: Estimate
    colour: str
    strong: bool
    limit: float | None = None
    """Where its interval must not begin to the left of."""


def quality_picture(report: Report) -> Picture:
    """NDCG at the headline cutoff of every ranker, best first, each with its interval."""
    cutoff, lines = report.rules.headline_cutoff, []
    for ranker, colour in zip(report.rankers, _colours(report), strict=True):
        found = ranker.ndcg[cutoff]
        said = f"{number(found.value)} {interval(found)}"
        lines.append(
            ForestLine(short(ranker.name), said, found, colour, strong=ranker is report.model)
        )
    lines.sort(key=lambda line: (line.estimate.value is None, -(line.estimate.value or 0)))
    return Picture(
        name="quality",
        title=f"NDCG@{cutoff} of every ranker",
        svg=forest_svg("quality", lines),
        spoken="; ".join(f"{line.label} {line.said}" for line in lines),
        caption=(
            f"Dot: mean NDCG@{cutoff} over the held-out lists, best on top. Line:"
            f" {percent(report.rules.confidence)} bootstrap interval over lists. The lists are the"
            " same for all, so overlapping lines do not mean “no difference”: the paired"
            " difference decides."
        ),
    )


def difference_picture(report: Report) -> Picture:
    """Model minus the best baseline at each cutoff, against zero."""
    baselines = {one.baseline for one in report.differences}
    lines = []
    for one in report.differences:
        said = f"{signed(one.estimate.value)} {interval(one.estimate, sign=True)}"
        label = (
            f"NDCG@{one.cutoff}"
            if len(baselines) == 1
            else f"@{one.cutoff} {short(one.baseline, 16)}"
        )
        lines.append(ForestLine(label, said, one.estimate, MODEL, strong=one is report.headline))
    return Picture(
        name="difference",
        title=f"Model minus {min(baselines) if len(baselines) == 1 else 'best baseline'}",
        svg=forest_svg("difference", lines, zero=True),
        spoken=f"{headline(report)}. " + "; ".join(f"{line.label}: {line.said}" for line in lines),
        caption=(
            "Dot: mean over lists of the model's NDCG minus that of the best baseline on the same"
            f" list. Line: its {percent(report.rules.confidence)} interval. A line that crosses"
            " zero leaves open which one is better; right of it the model is."
        ),
    )


def _colours(report: Report) -> list[str]:
    return [SERIES[min(at, len(SERIES) - 1)] for at in range(len(report.rankers))]


def forest_svg(name: str, lines: Sequence[ForestLine], *, zero: bool = False) -> str:
    """Draw one line of words and one interval below it for each estimate; a rule at 0 if asked."""
    if all(line.estimate.value is None for line in lines):
        return nothing_to_draw(name)
    with drawing(ROW * len(lines) + 30) as (figure, [plot]):
        if zero:
            # Beside the intervals only: through the words it would strike them out.
            rows = range(len(lines))
            tops, bottoms = [0.17 - row for row in rows], [-0.45 - row for row in rows]
            plot.vlines([0] * len(lines), bottoms, tops, color=MUTED, linewidth=1)
        for row, line in enumerate(lines):
            _draw_line(plot, -row, line)
        plot.set(yticks=[], ylim=(-len(lines) + 0.45, 0.75))
        plot.margins(x=0.04)
        plot.xaxis.set_major_locator(round_ticks(5))
        return to_svg(figure, name)


def _draw_line(plot: Axes, row: float, line: ForestLine) -> None:
    weight = "bold" if line.strong else "normal"
    words: dict[str, Any] = {
        "transform": plot.get_yaxis_transform(),
        "fontweight": weight,
        "va": "bottom",
    }
    plot.text(0, row + 0.2, line.label, ha="left", color=INK, **words)
    plot.text(1, row + 0.2, line.said, ha="right", color=INK, **words)
    found = line.estimate
    if line.limit is not None:
        plot.vlines(
            line.limit, row - 0.3, row + 0.17, color=INK, linewidth=1.6, linestyle=(0, (2, 1))
        )
    if found.low is not None and found.high is not None:
        plot.plot([found.low, found.high], [row, row], color=line.colour, linewidth=3)
    if found.value is not None:
        size = 9 if line.strong else 7
        plot.plot(found.value, row, "o", color=line.colour, markersize=size)
