"""The pictures of a folder of lists, and of two: what is judged filled, the reference a line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.inspect.bins import length_bins, places
from pipelines.inspect.counts import Part
from pipelines.inspect.grid import Numbers
from pipelines.inspect.profile import Profile
from pipelines.inspect.shards import Array
from pipelines.inspect.tables import percent, plain
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
from pipelines.report.parts import PositionRate
from pipelines.report.picture_lists import POSITIONS_DRAWN, positions_picture
from pipelines.report.words import short

COLOURS = (MODEL, SERIES[1])
NUMBER_BINS = 40
COLUMNS_DRAWN = 24
REFERENCE = "reference"
POSITIONS = "Relevant documents by logged position"


@dataclass(frozen=True, slots=True)
class Side:
    """One folder in a picture."""

    name: str
    profile: Profile

    @property
    def part(self) -> Part:
        """All its counts."""
        return self.profile.whole


def pictures(sides: Sequence[Side]) -> list[Picture]:
    """Draw the folder that is looked at (first) and the reference beside it, if there is one."""
    found = [_grades(sides), _lengths(sides), _positions(sides)]
    if sides[0].part.ids:
        found.append(_unseen(sides))
    if sides[0].part.numbers:
        found.append(_numbers(sides))
    return found


def _grades(sides: Sequence[Side]) -> Picture:
    grades = [int(at) for at in np.flatnonzero(sum(side.part.grades for side in sides))]
    shares = [
        [_rate(int(side.part.grades[grade]), side.part.documents) for grade in grades]
        for side in sides
    ]
    return Picture(
        name="grades",
        title="Grades",
        svg=bars_svg("grades", [f"grade {grade}" for grade in grades], shares, _names(sides)),
        spoken=_spoken("grade", grades, shares[0]),
        caption="Share of the documents that have each grade." + _legend(sides),
    )


def _unseen(sides: Sequence[Side]) -> Picture:
    columns = list(sides[0].part.ids)[:COLUMNS_DRAWN]
    shares = [
        [
            (side.part.ids[column].unseen.value or 0.0) if column in side.part.ids else 0.0
            for column in columns
        ]
        for side in sides
    ]
    return Picture(
        name="unseen",
        title="Unseen ids",
        svg=bars_svg("unseen", [short(column, 30) for column in columns], shares, _names(sides)),
        spoken=_spoken("column", columns, shares[0]),
        caption=(
            "Share of each column's ids that are not in its vocabulary (id 0): rare in the training"
            " part, or never seen there." + _legend(sides)
        ),
    )


def bars_svg(
    name: str, labels: Sequence[str], shares: Sequence[Sequence[float]], names: Sequence[str]
) -> str:
    """Draw shares as bars that start at a common line, each with its number behind it."""
    if not labels:
        return nothing_to_draw(name)
    row = 18 + 14 * len(shares)
    with drawing(row * len(labels) + (34 if len(shares) > 1 else 12)) as (figure, [plot]):
        most = max(max(one) for one in shares) or 1.0
        step = 14 / row
        for side, (one, colour) in enumerate(zip(shares, COLOURS, strict=False)):
            at = [-place - 0.1 - step * side for place in range(len(labels))]
            plot.barh(at, one, height=step * 0.8, color=colour, label=short(names[side], 20))
            for place, share in zip(at, one, strict=True):
                said = percent(share)
                plot.text(share + most * 0.015, place, said, va="center", color=MUTED, fontsize=10)
        for place, label in enumerate(labels):
            plot.text(0, -place + step * 0.5 - 0.03, label, va="bottom", color=INK)
        plot.set(xticks=[], yticks=[], xlim=(0, most * 1.18), ylim=(-len(labels) + 0.35, 0.75))
        plot.spines["bottom"].set_visible(False)
        _key(figure, plot)
        return to_svg(figure, name)


def _lengths(sides: Sequence[Side]) -> Picture:
    together = _together([side.part.lengths for side in sides])
    bins = length_bins(together)
    return Picture(
        name="lengths",
        title="Length of the lists",
        svg=_lengths_svg(sides, [one.first for one in bins], bins[-1].last if bins else 0),
        spoken=", ".join(f"{one.label} documents: {one.lists:,} lists" for one in bins)
        or "no list",
        caption=(
            "Share of the lists that have so many documents; the last bar holds every longer list."
            + _legend(sides)
        ),
    )


def _lengths_svg(sides: Sequence[Side], firsts: Sequence[int], last: int) -> str:
    if not firsts:
        return nothing_to_draw("lengths")
    labels = [
        f"{low}" if low == high - 1 else f"{low}\N{EN DASH}{high - 1}"
        for low, high in zip(firsts, [*firsts[1:], last + 1], strict=True)
    ]
    shares = []
    for side in sides:
        counts = _together([side.part.lengths, np.zeros(last + 1, np.int64)])
        summed = np.add.reduceat(counts, firsts)
        shares.append(summed / max(side.part.lists, 1))
    with drawing(240) as (figure, [plot]):
        _steps(plot, np.arange(len(labels) + 1) - 0.5, shares, _names(sides))
        horizontal_grid(plot)
        plot.yaxis.set_major_formatter(lambda rate, _: f"{100 * rate:g} %")
        every = -(-len(labels) // 6)
        ticks = range(0, len(labels), every)
        plot.set(xlabel="documents in the list", xticks=list(ticks))
        plot.set_xticklabels([labels[at] for at in ticks])
        _key(figure, plot)
        return to_svg(figure, "lengths")


def _steps(plot: Axes, edges: Array, shares: Sequence[Array], names: Sequence[str]) -> None:
    """Draw the first side filled and the second as an outline over it."""
    for side, one in reversed(list(enumerate(shares))):
        if side == 0:
            bars = plot.stairs(one, edges, fill=True, color=MODEL, label=short(names[0], 20))
            bars.set(alpha=0.55, linewidth=0)
        else:
            plot.stairs(one, edges, color=COLOURS[1], linewidth=1.8, label=short(names[1], 20))


def _positions(sides: Sequence[Side]) -> Picture:
    if len(sides) == 1:
        rates = [
            PositionRate(position=at, documents=documents, clicked=relevant)
            for at, documents, relevant in places(sides[0].part)
        ]
        return replace(positions_picture(rates), title=POSITIONS)
    return Picture(
        name="positions",
        title=POSITIONS,
        svg=_position_lines(sides),
        spoken="the share of relevant documents at each logged position, two lines",
        caption=(
            f"Share of the documents at each of the first {POSITIONS_DRAWN} logged positions that"
            " have a grade above 0." + _legend(sides)
        ),
    )


def _position_lines(sides: Sequence[Side]) -> str:
    if not any(side.part.lists for side in sides):
        return nothing_to_draw("positions")
    with drawing(240) as (figure, [plot]):
        for side, colour in reversed(list(zip(sides, COLOURS, strict=False))):
            found = [one for one in places(side.part) if one.position <= POSITIONS_DRAWN]
            rates = [one.relevant / one.documents for one in found]
            at = [one.position for one in found]
            plot.plot(at, rates, "o-", color=colour, ms=4, lw=1.4, label=short(side.name, 20))
        plot.set_ylim(bottom=0)
        horizontal_grid(plot)
        plot.xaxis.set_major_locator(round_ticks(6, integer=True))
        plot.yaxis.set_major_formatter(lambda rate, _: f"{100 * rate:g} %")
        plot.set(xlabel="logged position")
        _key(figure, plot)
        return to_svg(figure, "positions")


def _numbers(sides: Sequence[Side]) -> Picture:
    columns = list(sides[0].part.numbers)[:COLUMNS_DRAWN]
    left_out = len(sides[0].part.numbers) - len(columns)
    return Picture(
        name="numbers",
        title="Numbers",
        svg=_numbers_svg(sides, columns),
        spoken="; ".join(
            f"{column}: median {plain(sides[0].part.numbers[column].quantile(0.5))}"
            for column in columns
        ),
        caption=(
            f"Each column between its 1 % and 99 % quantile, in {NUMBER_BINS} bins, each column to"
            " its own height. A missing number was stored as the mean: a needle there is missing"
            " numbers."
            + (f" {left_out} more columns stand in the table." if left_out else "")
            + _legend(sides)
        ),
    )


def _numbers_svg(sides: Sequence[Side], columns: Sequence[str]) -> str:
    if not any(side.part.documents for side in sides):
        return nothing_to_draw("numbers")
    with drawing(78 * len(columns) + 24) as (figure, [plot]):
        for row, column in enumerate(columns):
            found = [s.part.numbers[column] for s in sides if column in s.part.numbers]
            _draw_number(plot, -row, column, found, _names(sides))
        plot.set(xticks=[], yticks=[], xlim=(0, 1), ylim=(-len(columns) + 0.7, 0.9))
        plot.spines["bottom"].set_visible(False)
        _key(figure, plot)
        return to_svg(figure, "numbers")


def _draw_number(
    plot: Axes, row: float, column: str, found: Sequence[Numbers], names: Sequence[str]
) -> None:
    lows = [low for one in found if (low := one.quantile(0.01)) is not None]
    highs = [high for one in found if (high := one.quantile(0.99)) is not None]
    plot.text(0, row + 0.52, short(column, 30), va="bottom", color=INK)
    if not lows:
        return
    low, high = min(lows), max(highs)
    if low == high:
        plot.text(0, row + 0.2, f"always {plain(low)}", va="bottom", color=MUTED, fontsize=10)
        return
    edges = np.linspace(low, high, NUMBER_BINS + 1)
    for side, one in reversed(list(enumerate(found))):
        counts, _ = np.histogram(one.points, edges, weights=one.counts)
        tall = row + 0.48 * counts / max(counts.max(), 1)
        place = np.linspace(0, 1, NUMBER_BINS + 1)
        if side == 0:
            bars = plot.stairs(tall, place, baseline=row, fill=True, color=MODEL, label=names[0])
            bars.set(alpha=0.55, linewidth=0)
        else:
            plot.stairs(tall, place, baseline=row, color=COLOURS[1], lw=1.4, label=names[1])
    plot.text(0, row - 0.03, plain(low), va="top", color=MUTED, fontsize=10)
    plot.text(1, row - 0.03, plain(high), va="top", ha="right", color=MUTED, fontsize=10)


def _key(figure: Figure, plot: Axes) -> None:
    """Say which colour is which where there are two; what is judged comes first."""
    found = dict(zip(*reversed(plot.get_legend_handles_labels()), strict=True))
    if len(found) > 1:
        names = sorted(found, key=lambda name: name == REFERENCE)
        figure.legend(
            [found[name] for name in names],
            names,
            loc="outside upper left",
            ncols=2,
            handlelength=1.2,
            borderpad=0.2,
        )


def _together(lengths: Sequence[Array]) -> Array:
    total = np.zeros(max(len(one) for one in lengths), np.int64)
    for one in lengths:
        total[: len(one)] += one
    return total


def _names(sides: Sequence[Side]) -> list[str]:
    return [side.name for side in sides]


def _rate(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _legend(sides: Sequence[Side]) -> str:
    return "" if len(sides) == 1 else " Filled or blue: the lists judged; orange: the reference."


def _spoken(what: str, names: Sequence[object], shares: Sequence[float]) -> str:
    told = zip(names, shares, strict=True)
    return ", ".join(f"{what} {name}: {percent(share)}" for name, share in told) or "nothing"
