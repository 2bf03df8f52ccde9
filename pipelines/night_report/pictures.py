"""The pictures of a night: what the gate saw, and where the time went."""

from collections.abc import Mapping, Sequence

from pipelines.gate.verdict import Compared, Verdict
from pipelines.inspect.tables import shown
from pipelines.report.canvas import (
    INK,
    MODEL,
    MUTED,
    SERIES,
    Picture,
    drawing,
    nothing_to_draw,
    to_svg,
)
from pipelines.report.picture_quality import ForestLine, forest_svg
from pipelines.report.picture_slices import forest_line
from pipelines.report.words import percent, short

DRAWN = 16
"""Comparisons that are drawn; the tables have all."""
ROW = 30


def gate_picture(verdict: Verdict) -> Picture:
    """Every difference that the gate judged, with its interval against its own margin."""
    judged = [one for one in verdict.compared if one.kind != "baseline" and one.judged]
    others = [one for one in verdict.compared if one.kind != "baseline" and not one.judged]
    judged.sort(key=lambda one: (one.kind == "slice", one.held))
    drawn = [*judged, *others][:DRAWN]
    lines = [_line(one) for one in drawn]
    return Picture(
        name="gate",
        title=f"{verdict.candidate} minus {verdict.champion}, against the margins",
        svg=forest_svg("gate", lines, zero=True) if lines else nothing_to_draw("gate"),
        spoken="; ".join(f"{line.label} {line.said}" for line in lines) or "nothing was compared",
        caption=(
            f"Dot: mean difference of {verdict.metric} on the same lists. Line:"
            f" {percent(round(2 * verdict.confidence - 1, 6))} interval. Broken bar: the margin,"
            " which the line must not cross; orange does. Grey: too few lists to be judged."
            + ("" if len(drawn) == len(judged) + len(others) else " The table has all.")
        ),
    )


def rankers_picture(verdict: Verdict) -> Picture:
    """The mean of the candidate, the champion and the baselines, each with its interval."""
    found = [one for one in verdict.compared if one.kind != "slice"]
    lines = [forest_line(short(shown(one.against)), one.other, SERIES[1]) for one in found]
    if found:
        ours, name = found[0].candidate, short(shown(verdict.candidate))
        lines.append(forest_line(name, ours, MODEL, strong=True))
    lines.sort(key=lambda line: (line.estimate.value is None, -(line.estimate.value or 0)))
    return Picture(
        name="rankers",
        title=f"{verdict.metric} of every ranker",
        svg=forest_svg("rankers", lines) if lines else nothing_to_draw("rankers"),
        spoken="; ".join(f"{line.label} {line.said}" for line in lines) or "nothing was compared",
        caption=(
            "Dot: mean over the held-out lists, best on top. The lists are the same for all, so"
            " overlapping lines do not mean “no difference”: the paired difference decides."
        ),
    )


def steps_picture(seconds: Mapping[str, float]) -> Picture:
    """Seconds of every step, in their order."""
    took = [(shown(name), time) for name, time in seconds.items()]
    longest = max((time for _, time in took), default=0.0)
    return Picture(
        name="steps",
        title="Seconds per step",
        svg=_bars(took, longest) if longest else nothing_to_draw("steps"),
        spoken="; ".join(f"{name} {time:.1f} s" for name, time in took) or "no step ran",
        caption="A step without a bar was there already, or took no time worth drawing.",
    )


def _line(one: Compared) -> ForestLine:
    colour = MUTED if not one.judged else MODEL if one.held else SERIES[1]
    name = short(shown(one.subject), 26) + (" fails" if one.judged and not one.held else "")
    drawn = forest_line(name, one.difference, colour, sign=True, strong=one.kind == "all lists")
    limit = None if one.margin is None else 0.0 - one.margin
    return drawn._replace(limit=limit)


def _bars(took: Sequence[tuple[str, float]], longest: float) -> str:
    with drawing(ROW * len(took) + 26) as (figure, [plot]):
        for row, (name, time) in enumerate(took):
            plot.barh(-row - 0.22, time, height=0.26, color=MODEL)
            plot.text(0, -row, short(name, 30), va="bottom", color=INK)
            plot.text(longest, -row, f"{time:,.1f} s", va="bottom", ha="right", color=MUTED)
        plot.set(yticks=[], xlim=(0, longest), ylim=(-len(took) + 0.45, 0.6))
        return to_svg(figure, "steps")
