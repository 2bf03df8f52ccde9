"""Picture of a curve of propensities: how often each position was examined, as the log tells."""

from pathlib import Path

from ltr.evaluation.propensities import Curve
from pipelines.report.canvas import (
    MODEL,
    MUTED,
    SERIES,
    Picture,
    drawing,
    horizontal_grid,
    round_ticks,
    to_svg,
)
from pipelines.report.words import number

FILE = "propensities.svg"

ALONE = (
    "color:#1b1f24;background:#fff;font-family:system-ui,sans-serif;"
    "--muted:#5b6570;--grid:#d5dae0;--series-0:#1f5fbf;--series-1:#b4531a"
)
"""Font and colours of the picture alone in a file, where no page gives it any."""

EVERY = 12
"""Positions up to which each has its tick."""


def propensity_picture(curve: Curve) -> Picture:
    """Estimated examination, what documents weigh by, and the click rates they are not."""
    positions = range(1, len(curve.propensities) + 1)
    with drawing(270) as (figure, [plot]):
        dotted = (0, (2, 1.5))
        plot.plot(positions, _rates(curve), color=SERIES[1], linestyle=dotted, label="click rate")
        plot.plot(positions, curve.propensities, color=MODEL, label="propensity")
        known = [
            (at, one)
            for at, one in zip(positions, curve.examination, strict=True)
            if one is not None
        ]
        plot.plot(*zip(*known, strict=True), color=MODEL, linestyle="", marker="o", markersize=4)
        least = f"least {curve.clip:g}"
        plot.axhline(curve.clip, color=MUTED, linewidth=1, dashes=(3, 3), zorder=1, label=least)
        horizontal_grid(plot, 5)
        if len(positions) <= EVERY:
            plot.set_xticks(positions)
        else:
            plot.xaxis.set_major_locator(round_ticks(8, integer=True))
        plot.set(xlabel=f"position ({curve.method})", ylim=(0, None))
        figure.legend(loc="outside upper left", ncols=3, handlelength=2.4, borderpad=0.2)
        svg = to_svg(figure, "propensities")
    return Picture(
        name="propensities",
        title="Propensity by position",
        svg=svg,
        spoken=(
            f"propensity {number(curve.propensities[0])} at position 1,"
            f" {number(curve.propensities[-1])} at position {len(curve.propensities)}"
        ),
        caption=(
            f"How often each position is examined, relative to the first ({curve.method}). Dots: as"
            f" estimated; line: filled and cut off at {curve.clip:g} (dashed). Dotted: click rate"
            " relative to the first, which also falls because better documents stand higher."
        ),
    )


def write_propensity_picture(curve: Curve, folder: Path) -> None:
    """Write ``propensities.svg``, which can be looked at by itself, into a folder of lists."""
    svg = propensity_picture(curve).svg
    alone = f'<svg xmlns="http://www.w3.org/2000/svg" style="{ALONE}" '
    (folder / FILE).write_text(svg.replace("<svg ", alone, 1) + "\n", encoding="utf-8")


def _rates(curve: Curve) -> list[float]:
    rates = [
        clicks / shown if shown else float("nan")
        for clicks, shown in zip(curve.clicks, curve.shown, strict=True)
    ]
    return [rate / rates[0] if rates[0] else float("nan") for rate in rates]
