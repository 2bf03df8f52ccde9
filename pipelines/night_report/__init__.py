"""The report of a night: how it ended and why, as a page and as Markdown."""

from pipelines.night_report.record import Night
from pipelines.night_report.write import write_night

__all__ = ["Night", "write_night"]
