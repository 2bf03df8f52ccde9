"""From numbers back to the log's own words: the only place here that knows the encoder's insides.

What an encoder does not tell stays as it is stored: an id without a vocabulary reads ``#17``, and a
number without a way back is shown scaled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ltr.data.manifest import ListsError
from pipelines.encoder import Encoder
from pipelines.inspect.shards import Array

UNSEEN = "(unseen)"


@dataclass(frozen=True, slots=True)
class Decoder:
    """The way back of every column that has one.

    Example:
        >>> decoder = Decoder({"document/brand": pl.Series([None, "acme", "bolt"])}, {})
        >>> decoder.text("document/brand", 2), decoder.text("document/brand", 0)
        ('bolt', '(unseen)')
        >>> decoder.text("document/hashed", 17)
        '#17'
    """

    vocabularies: Mapping[str, pl.Series]
    """The id of every number from 0 on, as text."""
    scalers: Mapping[str, tuple[float, float]]
    """What a stored number is multiplied by, and what is added."""

    def text(self, column: str, number: int) -> str:
        """Return an id as the log wrote it."""
        if number == 0:
            return UNSEEN
        known = self.vocabularies.get(column)
        return f"#{number}" if known is None or number >= len(known) else str(known[number])

    def scales_back(self, column: str) -> bool:
        """Whether the numbers of a column can be shown as they were in the log."""
        return column in self.scalers

    def unscale(self, column: str) -> Callable[[Array], Array]:
        """Return what turns stored numbers into the log's, or leaves them if nothing is known."""
        unit, offset = self.scalers.get(column, (1.0, 0.0))
        return lambda stored: stored * unit + offset


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
    texts = {one.column: encoder.texts(one.column) for one in encoder.columns}
    units = {one.column: encoder.unit_and_offset(one.column) for one in encoder.columns}
    return Decoder(
        {column: ids for column, ids in texts.items() if ids is not None},
        {column: back for column, back in units.items() if back is not None},
    )
