"""Pictures as SVG that lives inside a page: its font, its colours, ids of its own, no script.

matplotlib draws in stand-in colours, which are then replaced by CSS variables of the page, so one
picture is right in light and in dark. Equal data gives equal bytes.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

WIDTH = 360
"""Width of a picture in units of its own; a phone shows it at about one pixel per unit."""

INK, MUTED, GRID, MODEL = "#010101", "#020202", "#030303", "#040404"
SERIES = (MODEL, "#050505", "#060606", "#070707")
"""The model's colour, then one for each baseline."""

CSS = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    MODEL: "var(--series-0)",
    SERIES[1]: "var(--series-1)",
    SERIES[2]: "var(--series-2)",
    SERIES[3]: "var(--series-3)",
}

# Any: matplotlib types its keys one by one.
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ltr",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 11,
    "axes.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 1,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "ytick.major.size": 0,
    "xtick.major.size": 3,
    "legend.frameon": False,
    "legend.fontsize": 11,
    "lines.solid_capstyle": "round",
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture and the words around it.

    Attributes:
        name: A word, unique in the page; prefix of the ids inside the SVG.
        title: What the picture is about.
        svg: The picture itself.
        spoken: What it shows, for someone who does not see it, with the main numbers.
        caption: What one sees and the rule behind it.
    """

    name: str
    title: str
    svg: str
    spoken: str
    caption: str


@contextmanager
def drawing(height: float, rows: int = 1) -> Iterator[tuple[Figure, list[Axes]]]:
    """Give a figure of :data:`WIDTH` by ``height`` units with ``rows`` plots, in our style."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 72, height / 72))
        plots = figure.subplots(rows, 1, sharex=True, squeeze=False)
        for plot in plots.flat:
            plot.patch.set_visible(False)
        yield figure, list(plots.flat)


def horizontal_grid(plot: Axes, ticks: int = 4) -> None:
    """Give ``plot`` few, quiet, horizontal lines to read values from."""
    plot.yaxis.set_major_locator(round_ticks(ticks))
    plot.grid(axis="y")


def round_ticks(ticks: int, *, integer: bool = False) -> MaxNLocator:
    """Give at most ``ticks`` intervals between round numbers; whole ones if ``integer``."""
    fewest = 1 if integer else 3
    return MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10], integer=integer, min_n_ticks=fewest)


def nothing_to_draw(name: str) -> str:
    """Write a picture that says that every number of it is undefined."""
    with drawing(44) as (figure, [plot]):
        plot.set_axis_off()
        plot.text(0, 0.5, "undefined: there is nothing to draw", color=MUTED, va="center")
        return to_svg(figure, name)


def to_svg(figure: Figure, name: str) -> str:
    """Write ``figure`` as an ``<svg>`` element for a page, ids prefixed by ``name``.

    Must run inside :func:`drawing`, whose style decides how text and ids are written.
    """
    written = StringIO()
    figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # A style element inside the picture would restyle the whole page.
    svg = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r' (xmlns(:xlink)?|version)="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r"<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>", r"<svg \1>", svg, count=1)
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\1{name}-", svg)
    # The family is the page's.
    svg = re.sub(r"font-family: [^;\"]*; ", "", svg)
    return re.sub("|".join(CSS), lambda found: CSS[found[0]], svg).rstrip()
