"""The three files of a report, written into a folder that exists."""

from pathlib import Path

from pipelines.report.record import Report


def write_report(report: Report, folder: Path) -> tuple[Path, Path, Path]:
    """Write ``report.json``, ``report.md`` and ``report.html`` into ``folder``.

    Equal reports give equal bytes. Nothing is renamed into place here: give a folder that is
    committed as a whole.

    Args:
        report: What to say.
        folder: An existing folder; files of these names in it are replaced.

    Returns:
        The paths of the three files, in that order.
    """
    # Only who writes a report waits for the libraries that draw it.
    from pipelines.report.html import to_html
    from pipelines.report.markdown import to_markdown

    texts = {
        "report.json": to_json(report),
        "report.md": to_markdown(report),
        "report.html": to_html(report),
    }
    paths = [folder / name for name in texts]
    for path in paths:
        path.write_text(texts[path.name], encoding="utf-8")
    return paths[0], paths[1], paths[2]


def to_json(report: Report) -> str:
    """Write all of ``report`` as JSON, keys in a fixed order, undefined numbers ``null``."""
    return report.model_dump_json(indent=2) + "\n"


def read_report(path: Path) -> Report:
    """Read a ``report.json`` back.

    Raises:
        pydantic.ValidationError: The file is not a report of this format.
    """
    return Report.model_validate_json(path.read_bytes())
