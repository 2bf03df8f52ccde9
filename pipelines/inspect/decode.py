"""From numbers back to the log's own words: the only place here that knows the encoder's insides.

What an encoder does not tell stays as it is stored: an id without a vocabulary reads ``#17``, and a
number without a way back is shown scaled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ltr.data.manifest import ListsError
from pipelines.encoder import Encoder
from pipelines.inspect.shards import Array

UNSEEN = "(unseen)"


@dataclass(frozen=True, slots=True)
class Decoder:
    """The way back of every column that has one.

    Example:
        >>> decoder = Decoder({"document/brand": pl.Series(["acme", "bolt"])}, {})
        >>> decoder.text("document/brand", 2), decoder.text("document/brand", 0)
        ('bolt', '(unseen)')
        >>> decoder.text("document/hashed", 17)
        '#17'
    """

    vocabularies: Mapping[str, pl.Series]
    """Ids as text, in the order of their numbers: the first is 1."""
    scalers: Mapping[str, tuple[float, float]]
    """Mean and deviation."""

    def text(self, column: str, number: int) -> str:
        """Return an id as the log wrote it."""
        if number == 0:
            return UNSEEN
        known = self.vocabularies.get(column)
        return f"#{number}" if known is None or number > len(known) else str(known[number - 1])

    def scales_back(self, column: str) -> bool:
        """Whether the numbers of a column can be shown as they were in the log."""
        return column in self.scalers

    def unscale(self, column: str) -> Callable[[Array], Array]:
        """Return what turns stored numbers into the log's, or leaves them if nothing is known."""
        mean, deviation = self.scalers.get(column, (0.0, 1.0))
        return lambda stored: stored * deviation + mean


def load_decoder(folder: Path) -> Decoder:
    """Read the way back from the ``encoder`` of a folder of lists; empty where there is none.

    Raises:
        ListsError: The encoder's files cannot be read.
    """
    if not folder.exists():
        return Decoder({}, {})
    try:
        encoder = Encoder.load(folder)
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        msg = f"{folder}: the encoder cannot be read ({type(error).__name__}: {error})"
        raise ListsError(msg) from error
    vocabularies = {
        column: ids.cast(pl.String) for column, ids in encoder.vocabularies.items() if len(ids)
    }
    plain = {column: _plain(scaler) for column, scaler in encoder.scalers.items()}
    return Decoder(vocabularies, {column: found for column, found in plain.items() if found})


def _plain(scaler: Any) -> tuple[float, float] | None:  # noqa: ANN401 - kinds of scalers differ
    """Return mean and deviation of a scaler that is these two and nothing else."""
    found = {name: getattr(scaler, name) for name in getattr(scaler, "__slots__", ())}
    return (found["mean"], found["deviation"]) if set(found) == {"mean", "deviation"} else None
