"""Rankers that a model must beat, each a score per document of the test lists.

random order         the same score for all: averaged ties make its metric the exact expectation
logged order         minus the logged position: the order that the people in the log saw
document popularity  training impressions of the document with a grade above 0
"""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

RANDOM = "random order"
LOGGED = "logged order"
POPULARITY = "document popularity"

Shards = Iterable[Path]


def baseline_scores(train: Shards, test: Shards) -> dict[str, pl.Series]:
    """Return each baseline's scores, Float32, one per document in the order of the files.

    Args:
        train: The shards of the training part.
        test: The shards of the part to rank.
    """
    documents = _documents(test, "document_id", "position")
    positives = (
        _documents(train, "document_id", "grade")
        .filter(pl.col("grade") > 0)
        .group_by("document_id")
        .len("positives")
    )
    scored = documents.join(positives, on="document_id", how="left", maintain_order="left").select(
        pl.lit(0.0, dtype=pl.Float32).alias(RANDOM),
        -pl.col("position").cast(pl.Float32).alias(LOGGED),
        pl.col("positives").fill_null(0).cast(pl.Float32).alias(POPULARITY),
    )
    return scored.collect().to_dict()


def positives_by_position(shards: Shards) -> pl.DataFrame:
    """Return how many documents were shown at each logged position, and how many got a grade > 0.

    Returns:
        Columns position, documents, clicked; in the order of positions.
    """
    rows = _documents(shards, "position", "grade")
    return (
        rows.group_by("position")
        .agg(pl.len().alias("documents"), (pl.col("grade") > 0).sum().alias("clicked"))
        .sort("position")
        .collect()
    )


def _documents(shards: Shards, *columns: str) -> pl.LazyFrame:
    lists = pl.scan_ipc(list(shards), glob=False)
    return lists.select(columns).explode(columns)
