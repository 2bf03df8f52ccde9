"""Encoder: ids to numbers and numbers to a common scale, fitted on the training part only.

An id column gets a vocabulary: 1, 2, … by falling frequency, 0 for every id that is null, rare or
was never seen in training. A number becomes (x - mean) / standard deviation; a missing one, or one
that is not finite, becomes 0, the mean.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.config import FeatureKind, Features
from pipelines.contracts import ENCODED_TYPES, feature_columns

SCALERS_FILE = "scalers.json"
VOCABULARIES_FILE = "vocabularies.parquet"


@dataclass(frozen=True, slots=True)
class Scaler:
    """Mean and standard deviation of a number in the training part."""

    mean: float
    deviation: float

    def expression(self, column: str) -> pl.Expr:
        """Return the scaled column."""
        scaled = (_finite(column) - self.mean) / self.deviation
        return scaled.fill_null(0).cast(pl.Float32).alias(column)


@dataclass(frozen=True, slots=True)
class Encoder:
    """The fitted vocabularies and scalers, by column of the pipeline (``query/user_id``).

    Example:
        >>> from pipelines.config import SideFeatures
        >>> features = Features(document=SideFeatures(ids=("brand",)), min_count=1)
        >>> train = pl.LazyFrame({"query_id": ["a", "a"], "document/brand": ["x", "x"]})
        >>> encoder = Encoder.fit(train, features)
        >>> day = pl.LazyFrame({"document/brand": ["x", "never seen", None]})
        >>> encoder.transform(day).collect()["document/brand"].to_list()
        [1, 0, 0]
    """

    kinds: Mapping[str, FeatureKind]
    vocabularies: Mapping[str, pl.Series]
    """Known ids in the order of their numbers: the first is 1."""
    scalers: Mapping[str, Scaler]

    @classmethod
    def fit(cls, train: pl.LazyFrame, features: Features) -> "Encoder":
        """Learn vocabularies and scales from the training rows.

        A query's features count once a list, not once a document.
        """
        kinds = {column: kind for column, _, kind in feature_columns(features)}
        queries = train.unique("query_id", keep="first", maintain_order=True)
        sources = {column: queries if column.startswith("query/") else train for column in kinds}
        ids = {
            column: _vocabulary(sources[column], column, kind, features.min_count)
            for column, kind in kinds.items()
            if kind != "number"
        }
        numbers = {
            column: _finite_values(sources[column], column)
            for column, kind in kinds.items()
            if kind == "number"
        }
        vocabularies = zip(ids, pl.collect_all(ids.values()), strict=True)
        values = zip(numbers, pl.collect_all(numbers.values()), strict=True)
        return cls(
            kinds,
            {column: frame.to_series() for column, frame in vocabularies},
            {column: _scaler(frame.to_series()) for column, frame in values},
        )

    def transform(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Replace every feature column of ``frame`` by its numbers; other columns stay."""
        return frame.with_columns(self._expression(column) for column in self.kinds)

    def size(self, column: str) -> int | None:
        """Return the number of ids of a column, the unseen one included; None for a number."""
        return None if self.kinds[column] == "number" else len(self.vocabularies[column]) + 1

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that the encoding depends on."""
        digest = hashlib.sha256(json.dumps(self._plain_scalers(), sort_keys=True).encode())
        for column in sorted(self.vocabularies):
            content = [column, self.kinds[column], *self.vocabularies[column].to_list()]
            digest.update(json.dumps(content).encode())
        return digest.hexdigest()

    def save(self, folder: Path) -> None:
        """Write the encoder into ``folder``, which is made."""
        folder.mkdir()
        text = json.dumps({"kinds": dict(self.kinds), "scalers": self._plain_scalers()}, indent=2)
        (folder / SCALERS_FILE).write_text(text + "\n", encoding="utf-8")
        frames = [
            pl.DataFrame({"column": [column] * len(ids), "id": ids.cast(pl.String)})
            for column, ids in self.vocabularies.items()
        ]
        empty = pl.DataFrame(schema={"column": pl.String, "id": pl.String})
        pl.concat([empty, *frames]).write_parquet(folder / VOCABULARIES_FILE)

    @classmethod
    def load(cls, folder: Path) -> "Encoder":
        """Read what ``save`` wrote."""
        content = json.loads((folder / SCALERS_FILE).read_text(encoding="utf-8"))
        rows = pl.read_parquet(folder / VOCABULARIES_FILE)
        kinds: dict[str, FeatureKind] = content["kinds"]
        return cls(
            kinds,
            {
                column: rows.filter(pl.col("column") == column)["id"]
                for column, kind in kinds.items()
                if kind != "number"
            },
            {column: Scaler(**scaler) for column, scaler in content["scalers"].items()},
        )

    def _plain_scalers(self) -> dict[str, dict[str, float]]:
        return {
            column: {"mean": scaler.mean, "deviation": scaler.deviation}
            for column, scaler in self.scalers.items()
        }

    def _expression(self, column: str) -> pl.Expr:
        kind = self.kinds[column]
        if kind == "number":
            return self.scalers[column].expression(column)
        if kind == "id":
            return self._numbers(pl.col(column), column).alias(column)
        lists = pl.col(column).list.eval(self._numbers(pl.element(), column))
        return lists.fill_null([]).cast(ENCODED_TYPES["ids"]).alias(column)

    def _numbers(self, ids: pl.Expr, column: str) -> pl.Expr:
        known = self.vocabularies[column]
        numbers = pl.int_range(1, len(known) + 1, dtype=pl.Int64, eager=True)
        return ids.replace_strict(known, numbers, default=0, return_dtype=pl.Int64)


def _vocabulary(frame: pl.LazyFrame, column: str, kind: str, min_count: int) -> pl.LazyFrame:
    ids = frame.select(pl.col(column).alias("id"))
    if kind == "ids":
        ids = ids.explode("id")
    counted = ids.drop_nulls().group_by("id").len().filter(pl.col("len") >= min_count)
    return counted.sort(["len", "id"], descending=[True, False]).select("id")


def _finite_values(frame: pl.LazyFrame, column: str) -> pl.LazyFrame:
    return frame.select(_finite(column).drop_nulls().sort())


def _scaler(values: pl.Series) -> Scaler:
    """Fit on sorted values, so that neither threads nor the order of rows move the last bit."""
    if values.is_empty():
        return Scaler(0.0, 1.0)
    numbers = values.to_numpy()
    # A column that never varies carries nothing; 1 keeps it finite.
    return Scaler(float(numbers.mean()), float(numbers.std()) or 1.0)


def _finite(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_finite()).then(pl.col(column))
