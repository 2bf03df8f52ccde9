"""The report as one self-contained page: no network, light and dark, phone and desk.

Its only script sorts tables by another column.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from pipelines.report import table_tables, tables, words
from pipelines.report.canvas import Picture
from pipelines.report.picture_curves import learning_picture, ndcg_by_k_picture
from pipelines.report.picture_lists import distribution_picture, positions_picture
from pipelines.report.picture_quality import difference_picture, quality_picture
from pipelines.report.picture_slices import slices_picture
from pipelines.report.record import Report

TEMPLATES = Path(__file__).parent / "templates"


def to_html(report: Report) -> str:
    """Write the page. Every text is escaped: a name that came from a log cannot become markup."""
    return page("report.html").render(
        report=report,
        words=words,
        tables=tables,
        table_tables=table_tables,
        ours=report.model.ndcg[report.headline.cutoff],
        verdict=words.verdict(report),
        pictures={picture.name: Shown(picture) for picture in pictures(report)},
    )


def page(name: str) -> Template:
    """Return one of our templates, in which every text is escaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template(name)


class Shown:
    """A picture whose SVG goes into the page as markup: matplotlib escaped the texts inside."""

    def __init__(self, picture: Picture) -> None:
        opening = Markup('<svg role="img" aria-label="{}" ').format(picture.spoken)
        self.picture = picture
        self.svg = opening + Markup(picture.svg.removeprefix("<svg "))  # noqa: S704


def pictures(report: Report) -> list[Picture]:
    """Draw every picture of the page, in its order."""
    slices = [slices_picture(report.lists)] if report.lists and report.lists.slices else []
    return [
        *slices,
        quality_picture(report),
        difference_picture(report),
        ndcg_by_k_picture([(one.name, one.by_k) for one in report.rankers]),
        distribution_picture(report),
        positions_picture(report.positions),
        learning_picture(report),
    ]
