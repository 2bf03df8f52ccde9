"""The report of a night as Markdown: how it ended, why, and every table."""

from pipelines.night_report import words
from pipelines.night_report.page import FOOTER, sections
from pipelines.night_report.record import Night
from pipelines.report.markdown import escaped, section


def to_markdown(night: Night) -> str:
    """Write the report for a terminal, a pull request or a chat."""
    parts = [
        f"# {escaped(night.job)}: night of {night.outcome.date}",
        f"**{escaped(words.headline(night).sentence)}**",
        *(f"* {escaped(one.sentence)}" for one in words.broken(night)),
        *(escaped(line) for line in words.lines(night)),
        *(section(table) for part in sections(night) for table in part.tables),
        escaped(FOOTER),
    ]
    return "\n\n".join(parts) + "\n"
