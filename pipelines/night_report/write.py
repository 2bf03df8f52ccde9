"""The two files of a night's report."""

from pathlib import Path

from ltr.atomic import write_file
from pipelines.night_report.record import Night


def write_night(folder: Path, night: Night) -> tuple[Path, Path]:
    """Write ``night.html`` and ``night.md`` into ``folder``; equal nights give equal bytes.

    Each file appears whole or not at all, also over an older one.

    Args:
        folder: An existing folder, that of the night.
        night: What to say.

    Returns:
        The paths of the page and of the Markdown.
    """
    # Only who writes a report waits for the libraries that draw it.
    from pipelines.night_report.markdown import to_markdown
    from pipelines.night_report.page import to_html

    texts = {"night.html": to_html(night), "night.md": to_markdown(night)}
    paths = [folder / name for name in texts]
    for path in paths:
        write_file(path, texts[path.name].encode())
    return paths[0], paths[1]
