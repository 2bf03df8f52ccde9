"""Rows of a log as the columns that a batch is made of."""

from collections.abc import Mapping

import polars as pl

from ltr.data.columns import Column
from ltr.data.manifest import Feature
from pipelines.encoder import Encoder

OLDEST = pl.CompatLevel.oldest()


def encode(
    encoder: Encoder, frame: pl.DataFrame, query: str, features: tuple[Feature, ...]
) -> Mapping[str, Column]:
    """Encode whole lists, and give every column of ``features`` by its name."""
    rows = encoder.transform(encoder.from_log(frame.lazy(), query)).collect()
    return {feature.column: _column(rows[feature.column]) for feature in features}


def _column(series: pl.Series) -> Column:
    return Column.of(series.rechunk().to_arrow(compat_level=OLDEST))
