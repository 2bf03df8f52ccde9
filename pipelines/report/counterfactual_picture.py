"""The picture of what a new policy or ranking would get."""

from pipelines.report import counterfactual_tables as tables
from pipelines.report.canvas import MODEL, SERIES, Picture
from pipelines.report.counterfactual_record import Counterfactual
from pipelines.report.picture_quality import ForestLine, forest_svg
from pipelines.report.words import percent, rate


def picture(found: Counterfactual) -> Picture:
    """Every estimate with its interval, the log's own number first."""
    lines = [
        ForestLine(
            one.name,
            f"{rate(one.estimate.value)}{tables.ends(one.estimate)}",
            one.estimate,
            SERIES[1] if one.name == "naive" else MODEL,
            one.name == found.lead.name,
        )
        for one in found.estimates
    ]
    return Picture(
        name="counterfactual",
        title=f"{tables.unit(found)} that {found.new} would get",
        svg=forest_svg("counterfactual", lines),
        spoken="; ".join(f"{line.label} {line.said}" for line in lines),
        caption=(
            f"Dot: estimate. Line: its {percent(found.confidence)} bootstrap interval over"
            f" {found.per}s. The naive number is the log's own."
        ),
    )
