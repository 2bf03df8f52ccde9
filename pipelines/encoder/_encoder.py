"""The encoder as a whole: fitted, applied, saved, and compared with yesterday's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from ltr.data.manifest import Feature
from pipelines.config import MISSING, Features
from pipelines.encoder._column import EncodedColumn, Integers
from pipelines.encoder._counts import Counts
from pipelines.encoder._files import fingerprint, read, write
from pipelines.encoder._fit import fitted
from pipelines.encoder._raw import from_log
from pipelines.encoder._transform import check, encoded, encoded_types
from pipelines.encoder._vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """The fitted vocabularies and scales, column by column.

    Example:
        >>> from pipelines.config import SideFeatures
        >>> features = Features(document=SideFeatures(ids=("brand",)), min_count=1)
        >>> train = pl.LazyFrame({"query_id": ["a", "a"], "document/brand": ["x", "x"]})
        >>> encoder = Encoder.fit(Counts.of(train, features), features)
        >>> day = pl.LazyFrame({"document/brand": ["x", "never seen", None]})
        >>> encoder.transform(day).collect()["document/brand"].to_list()
        [1, 0, 0]
    """

    columns: tuple[EncodedColumn, ...]

    @classmethod
    def fit(
        cls, counts: Counts, features: Features, previous: "Encoder | None" = None
    ) -> "Encoder":
        """Learn vocabularies and scales from what was counted.

        Args:
            counts: Of the training rows, for the same features.
            features: What the job says of them, patterns expanded.
            previous: Yesterday's encoder. An id that it knows keeps its number if it is still
                frequent enough. The numbers of those that are not go to new ids, the lowest to the
                most frequent; the other new ids are appended. Scales are learned anew.

        Raises:
            EncoderError: The counts are of other features.
        """
        return cls(fitted(counts, features, previous.known if previous else {}))

    def transform(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Replace every feature column of ``frame`` by its numbers; other columns stay.

        Where a number is scaled within its list, ``frame`` has ``query_id`` and holds whole lists.

        Raises:
            LogError: A column is missing, or of another type.
        """
        schema = frame.collect_schema()
        check(self.columns, schema)
        return frame.map_batches(
            lambda rows: encoded(self.columns, rows),
            schema={**schema, **encoded_types(self.columns)},
        )

    def from_log(self, log: pl.LazyFrame, query: str | None = None) -> pl.LazyFrame:
        """Bring rows of a log, as the log names them, to the form that ``transform`` takes.

        Args:
            log: Rows with the feature columns under their own names, of any width of number.
            query: The column that tells lists apart (``log.query`` of the job); needed where a
                number is scaled within its list.

        Returns:
            ``query_id``, if ``query`` is given, and the features; the same rows in the same order.

        Raises:
            LogError: A column is missing, or holds another kind of value.
        """
        return from_log(log, (part for one in self.columns for part in one.parts), query)

    def features(self) -> tuple[Feature, ...]:
        """Describe the columns that ``transform`` makes, in their order, as the manifest does."""
        described = []
        for one in self.columns:
            side, name = one.about.side, one.about.name
            described.append(
                Feature(
                    side=side,
                    name=name,
                    kind=one.kind,
                    size=one.about.size,
                    vocabulary=one.about.settings.vocabulary,
                    weighted=one.weights is not None,
                )
            )
            if one.about.settings.missing:
                described.append(Feature(side=side, name=name + MISSING, kind="number"))
        return tuple(described)

    def size(self, column: str) -> int | None:
        """Return how many rows an id column's table needs, the unseen id's included, or None."""
        return self._column(column).about.size

    def rows_from(self, previous: "Encoder", column: str) -> Integers:
        """Say of each row of a table which row of yesterday's table held the same id.

        Args:
            previous: Yesterday's encoder, of which this one may be an extension or not.
            column: Of ids.

        Returns:
            Int64 ``[size]``: row i comes from row ``rows_from[i]``, or is new where that is -1. Row
            0, of unseen ids, comes from row 0.

        Raises:
            KeyError: There is no such column of ids.
        """
        return self._column(column).rows_from(
            next((one for one in previous.columns if one.column == column), None)
        )

    @property
    def known(self) -> Mapping[str, Vocabulary]:
        """The vocabulary of each column that has one."""
        return {one.column: one.vocabulary for one in self.columns if one.vocabulary}

    def texts(self, column: str) -> pl.Series | None:
        """Return the id of every number from 0 on, as text: the way back of a column of ids.

        Null for 0 and for numbers that no id has; None where ids are hashed, or are numbers.

        Raises:
            KeyError: There is no such column.
        """
        vocabulary = self._column(column).vocabulary
        if vocabulary is None:
            return None
        texts = np.full(vocabulary.size, None, dtype=object)
        texts[vocabulary.numbers] = vocabulary.ids.cast(pl.String).to_list()
        return pl.Series(column, texts.tolist(), dtype=pl.String)

    def unit_and_offset(self, column: str) -> tuple[float, float] | None:
        """Return what a stored number is multiplied by, and what is added, to be the log's again.

        None where there is no such way back: after a logarithm, by quantiles, within a list.

        Raises:
            KeyError: There is no such column.
        """
        about = self._column(column).about
        if about.kind != "number" or about.scale is None or about.settings.log1p:
            return None
        return about.scale.unit, about.scale.offset

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that the encoding depends on."""
        return fingerprint(self.columns)

    def save(self, folder: Path) -> None:
        """Write the encoder into ``folder``, which is made."""
        write(folder, self.columns)

    @classmethod
    def load(cls, folder: Path) -> "Encoder":
        """Read what ``save`` wrote.

        Raises:
            EncoderError: The folder holds no encoder, or it was changed or damaged.
        """
        return cls(read(folder))

    def _column(self, column: str) -> EncodedColumn:
        for one in self.columns:
            if one.column == column:
                return one
        raise KeyError(column)
