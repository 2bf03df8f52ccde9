"""The model card of a version: what it is for, what it was made of, and how good it is."""

from typing import Final

from pipelines.registry import version as names

INTENDED_USE: Final = (
    "Order the documents of one query of the log that the model was trained on, on days soon after "
    "the last one it has seen."
)


def card(version: "names.Version", intended_use: str) -> str:
    """Write ``README.md`` of a version."""
    return f"# Ranking model of {version.lineage.date}\n\n{intended_use}\n"
