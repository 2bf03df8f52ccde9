"""``[features.query.columns]``, ``[features.document.columns]``: how one column becomes numbers."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from pipelines.config._base import Config

Scale = Literal["standard", "minmax", "uniform", "normal", "list_minmax", "list_standard", "none"]
"""How a number is scaled: by the training part, within its list, or not at all."""

MISSING = ":missing"
"""Follows the name of a number in the name of the feature that says where it is missing."""

WITHIN_LIST = ("list_minmax", "list_standard")
Positive = Annotated[int, Field(ge=1)]
LARGEST = 1e38
"""Numbers are written in 32 bits."""


class Column(Config):
    """How one column becomes numbers. Each kind of feature has its own settings."""

    min_count: Positive | None = None
    """Instead of ``features.min_count``."""
    max_ids: Positive | None = None
    """The most frequent ids only; the others become id 0, "unseen"."""
    buckets: Positive | None = None
    """No vocabulary: an id's number is its hash."""
    hashes: Annotated[int, Field(ge=1, le=8)] = 1
    """Hash functions: an id becomes so many numbers, whose vectors are averaged."""
    vocabulary: Annotated[str, Field(pattern="^(query|document)/.")] | None = None
    """The column whose vocabulary it uses, and whose embedding table, e.g. ``document/brand``."""
    max_length: Positive | None = None
    """Ids of one row at most."""
    keep: Literal["first", "frequent"] = "first"
    """Which ids a row that has more keeps."""
    weights: Annotated[str, Field(min_length=1)] | None = None
    """The column of the log that holds a list of numbers, one for each id of the row."""
    scale: Scale = "standard"
    clip: Annotated[tuple[float, float], Field(strict=False)] | None = None
    """Lowest and highest value, in the log's own unit."""
    log1p: bool = False
    """Take sign(x) ln(1 + \\|x\\|) first."""
    deviations: Annotated[float, Field(gt=0)] = 10.0
    """From the mean, at which ``standard`` and ``list_standard`` cut off."""
    missing: bool = False
    """Add a feature ``<name>:missing``, 1 where there is no value."""


FITTING = {
    "id": {"min_count", "max_ids", "buckets", "hashes", "vocabulary"},
    "ids": {
        *("min_count", "max_ids", "buckets", "hashes", "vocabulary"),
        *("max_length", "keep", "weights"),
    },
    "number": {"scale", "clip", "log1p", "deviations", "missing"},
}
"""The settings of each kind of feature."""


def broken_rules(column: Column, kind: str, side: str) -> Iterator[tuple[str, str, object]]:
    """Yield (setting, rule, value) of what does not fit together, for a feature of ``kind``."""
    # A job that is read back from a manifest gives every setting, so only other values count.
    changed = [name for name in Column.model_fields if getattr(column, name) != _default(name)]
    for name in changed:
        if name not in FITTING[kind]:
            rule = f"is no setting of {_WORDS[kind]}, which have {', '.join(_settings(kind))}"
            yield name, rule, getattr(column, name)
    if column.buckets is None and column.hashes > 1:
        yield "hashes", "needs buckets", column.hashes
    if column.vocabulary is not None:
        for name in ("min_count", "max_ids", "buckets"):
            if getattr(column, name) is not None:
                rule = f"is the business of {column.vocabulary}, whose vocabulary is used"
                yield name, rule, getattr(column, name)
    if column.buckets is not None:
        for name in ("min_count", "max_ids"):
            if getattr(column, name) is not None:
                yield name, "is of a vocabulary, which buckets replace", getattr(column, name)
        if column.keep == "frequent":
            yield "keep", "must be 'first' with buckets: hashed ids are not counted", column.keep
    if column.keep == "frequent" and column.max_length is None:
        yield "keep", "needs max_length", column.keep
    if column.clip is not None and not -LARGEST <= column.clip[0] < column.clip[1] <= LARGEST:
        rule = f"must be the lowest and then the highest value, within {LARGEST:.0e}"
        yield "clip", rule, list(column.clip)
    if column.scale in WITHIN_LIST and side == "query":
        yield "scale", "must not be within the list: a query has one value", column.scale


_WORDS = {"id": "ids", "ids": "id lists", "number": "numbers"}


def _settings(kind: str) -> list[str]:
    return [name for name in Column.model_fields if name in FITTING[kind]]


def _default(name: str) -> object:
    return Column.model_fields[name].default
