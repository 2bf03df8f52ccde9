"""Pictures of the lists themselves: NDCG list by list, and clicks by logged position."""

import math
from collections.abc import Sequence

from pipelines.report.canvas import (
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
from pipelines.report.parts import BINS, PositionRate
from pipelines.report.record import Report
from pipelines.report.words import count, percent, share, short

POSITIONS_DRAWN = 40

Bars = tuple[str, Sequence[int]]
"""A ranker's name and its counts."""


def distribution_picture(report: Report) -> Picture:
    """How many lists have which NDCG: model as bars, best baseline as an outline."""
    cutoff, best = report.rules.headline_cutoff, report.headline.baseline
    at = [ranker.name for ranker in report.rankers].index(best)
    ours, theirs = report.model.histogram, report.rankers[at].histogram
    colour = SERIES[min(at, len(SERIES) - 1)]
    blank = report.model.ndcg[cutoff].blank
    return Picture(
        name="distribution",
        title=f"NDCG@{cutoff} list by list",
        svg=histogram_svg(
            (report.model.name, ours), (best, theirs), colour, f"NDCG@{cutoff} of a list"
        ),
        spoken=(
            f"Of {count(sum(ours))} lists the model has {count(ours[-1])} at 0.95 or above and"
            f" {count(ours[0])} below 0.05; {best} has {count(theirs[-1])} and {count(theirs[0])}"
        ),
        caption=(
            f"Number of held-out lists by their NDCG@{cutoff}, in bins of {1 / BINS:g}. A mean can"
            f" hide many lists at 0. {count(blank)} lists without a relevant document have no"
            " NDCG and are not drawn."
        ),
    )


def histogram_svg(model: Bars, other: Bars | None, outline: str, axis: str) -> str:
    """Draw the lists in each of ``BINS`` bins: one ranker filled, another as an outline."""
    if not sum(model[1]) + (sum(other[1]) if other else 0):
        return nothing_to_draw("distribution")
    edges = [at / BINS for at in range(BINS + 1)]
    with drawing(240) as (figure, [plot]):
        bars = plot.stairs(model[1], edges, label=short(model[0]), fill=True, color=MODEL)
        bars.set(alpha=0.55, linewidth=0)
        if other:
            plot.stairs(other[1], edges, label=short(other[0]), color=outline, linewidth=1.8)
        horizontal_grid(plot)
        plot.yaxis.set_major_locator(round_ticks(4, integer=True))
        plot.set(xlabel=axis, ylabel="lists", xlim=(0, 1))
        figure.legend(loc="outside upper left", ncols=2, handlelength=1.4, borderpad=0.2)
        return to_svg(figure, "distribution")


def positions_picture(positions: Sequence[PositionRate]) -> Picture:
    """Share of documents with a grade above 0 at each logged position."""
    drawn = [one for one in positions if one.documents][:POSITIONS_DRAWN]
    return Picture(
        name="positions",
        title="Click rate by logged position",
        svg=_rates(drawn) if drawn else nothing_to_draw("positions"),
        spoken=_spoken(drawn),
        caption=(
            "Dot: share of the documents logged at this position that have a grade above 0. Line:"
            f" {percent(0.95)} Wilson interval. A fall with position mixes two things: the old"
            " order put good documents first, and people look at what comes first."
            + _left_out(len(positions))
        ),
    )


def _rates(drawn: list[PositionRate]) -> str:
    at = [one.position for one in drawn]
    low, high = zip(*(wilson(one.clicked, one.documents) for one in drawn), strict=True)
    with drawing(240) as (figure, [plot]):
        plot.vlines(at, low, high, color=MUTED, linewidth=1)
        plot.plot(at, [one.clicked / one.documents for one in drawn], "o", color=INK, ms=4)
        plot.set_ylim(bottom=0)
        horizontal_grid(plot)
        plot.yaxis.set_major_formatter(lambda rate, _: f"{100 * rate:g} %")
        plot.set(xlabel="logged position", xticks=_ticks(at[-1]))
        return to_svg(figure, "positions")


def _ticks(last: int) -> list[int]:
    step = 1 if last <= 10 else 5 if last <= 40 else 10 * math.ceil(last / 80)
    return sorted({1, *range(step, last + 1, step)})


def _left_out(positions: int) -> str:
    if positions <= POSITIONS_DRAWN:
        return ""
    return f" The first {POSITIONS_DRAWN} of {positions} positions are drawn."


def _spoken(drawn: list[PositionRate]) -> str:
    if not drawn:
        return "no position was logged"
    first, last = drawn[0], drawn[-1]
    return (
        f"from {share(first.clicked, first.documents)} at position {first.position}"
        f" to {share(last.clicked, last.documents)} at position {last.position}"
    )


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927): inside [0, 1] also for few documents.

    Example:
        >>> print("{:.3f} {:.3f}".format(*wilson(5, 10)))
        0.237 0.763
    """
    rate = hits / n
    middle = rate + z * z / (2 * n)
    spread = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
