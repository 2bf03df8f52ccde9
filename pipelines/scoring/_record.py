"""What scoring a log came to: ``manifest.json`` beside the scores."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Final = "ltr-scored/1"
FILE = "manifest.json"

Count = Annotated[int, Field(ge=0)]


class ScoredBy(BaseModel):
    """The model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    weights: str
    """SHA-256 of its ``model.safetensors``."""
    encoder: str
    """Fingerprint of its encoder."""


class LogPart(BaseModel):
    """One file of the log."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    rows: Count


class ScoredPart(BaseModel):
    """One file of scores."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    queries: Count
    rows: Count


class Scored(BaseModel):
    """The whole of ``manifest.json``: every row of the log is scored or rejected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["ltr-scored/1"] = FORMAT
    model: ScoredBy
    log: tuple[LogPart, ...]
    columns: tuple[str, ...]
    """Of the scores: query, document, score, rank and what else is kept."""
    read: Count
    rows: Count
    """That have a score."""
    queries: Count
    rejected: dict[str, Count]
    """Rows by reason, the most frequent first."""
    parts: tuple[ScoredPart, ...]

    @classmethod
    def load(cls, folder: Path) -> "Scored":
        """Read ``manifest.json`` of a folder of scores."""
        return cls.model_validate_json((folder / FILE).read_bytes())

    def save(self, folder: Path) -> None:
        """Write ``manifest.json``."""
        (folder / FILE).write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
