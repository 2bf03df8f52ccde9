"""How near every rule is to its limit."""

from collections.abc import Sequence

from pipelines.inspect.drift import Finding
from pipelines.inspect.drift_tables import measured, verdict
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
from pipelines.report.words import short

ROW = 34
FARTHEST = 2.0
"""Multiples of the limit at which a bar is cut off."""
DRAWN = 14


def limits_picture(findings: Sequence[Finding]) -> Picture:
    """Draw the rules that come nearest to their limits, each as a multiple of its own limit."""
    judged = [(near, one) for one in findings if (near := _multiple(one, one.value)) is not None]
    judged.sort(key=lambda one: -one[0])
    drawn = judged[:DRAWN]
    return Picture(
        name="limits",
        title="How near to its limit",
        svg=_svg(drawn) if drawn else nothing_to_draw("limits"),
        spoken="; ".join(f"{one.rule} {one.subject}: {verdict(one)}" for _, one in drawn) or "none",
        caption=(
            f"The {len(drawn)} of {len(findings)} rules nearest to their limits, which all stand at"
            f" the line; a bar ends at {FARTHEST:g} times the limit. Tick: what chance alone passes"
            " once in a thousand times between so few lists. A rule is broken beyond both."
        ),
    )


def _svg(drawn: Sequence[tuple[float, Finding]]) -> str:
    with drawing(ROW * len(drawn) + 26) as (figure, [plot]):
        for place, (near, one) in enumerate(drawn):
            colour = SERIES[1] if one.broken else MODEL
            plot.barh(-place - 0.2, min(near, FARTHEST), height=0.26, color=colour)
            noise = _multiple(one, one.noise) if one.noise else None
            if noise is not None and noise <= FARTHEST:
                plot.vlines(noise, -place - 0.4, -place, color=INK, linewidth=1.4)
            label, words = f"{one.rule}: {short(one.subject, 30)}", one.value
            weight = "bold" if one.broken else "normal"
            plot.text(0, -place, label, va="bottom", color=INK, fontweight=weight)
            said = measured(one, words) if words is not None else ""
            plot.text(FARTHEST, -place, said, va="bottom", ha="right", color=MUTED)
        rows = range(len(drawn))
        plot.vlines(
            [1] * len(drawn), [-r - 0.42 for r in rows], [-r + 0.02 for r in rows], color=MUTED
        )
        plot.set(yticks=[], xlim=(0, FARTHEST), ylim=(-len(drawn) + 0.45, 0.6))
        plot.set_xticks([0, 1, FARTHEST], ["0", "limit", f"{FARTHEST:g} times"])
        return to_svg(figure, "limits")


def _multiple(finding: Finding, value: float | None) -> float | None:
    """Return a number of the rule's measure as a multiple of its limit."""
    if value is None or finding.rule == "schema":
        return None
    none = 1.0 if finding.rule == "relevant" else 0.0
    room = finding.limit - none
    return (value - none) / room if room > 0 else (FARTHEST if value > finding.limit else 0.0)
