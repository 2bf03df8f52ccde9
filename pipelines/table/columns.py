"""Which column plays which part, and the table under our own names."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields

import polars as pl

from pipelines.errors import TableError

QUERY, DOCUMENT, LABEL, SCORE, BASELINE = "query", "document", "label", "score", "baseline"
WEIGHT, PROPENSITY, POSITION, FREQUENCY = "weight", "propensity", "position", "frequency"
REWARD, NEW, PREDICTED, NEW_PREDICTED = "reward", "new", "predicted", "new_predicted"
RETRIEVED, JUDGED = "retrieved", "judged"
"""Whether a row was ranked and whether it has a judgment; only where both come in two files."""

BY = "by/"
"""Prefix of the columns to slice by, so that none can take the name of a part."""

NUMBERS = frozenset(
    {LABEL, SCORE, BASELINE, WEIGHT, PROPENSITY, POSITION, REWARD, NEW, PREDICTED, NEW_PREDICTED}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The parts that columns of a scored table play; None: no column does.

    Attributes:
        query: One value per list.
        label: The grade of a document, 0 = not relevant.
        score: What the documents of a list are ordered by, largest first.
        document: The document's id or text.
        baseline: The score of another ranker.
        weight: Weight of the list, the same in all its rows.
        propensity: Probability that the document was seen, above 0.
        position: Where the document was shown, 1 = first.
        reward: The click, or another reward, of the document as it was logged.
        predicted: A model's click probability of the document once it is examined.
        frequency: What makes two lists the same query, e.g. the words that were typed.
        by: Columns to slice by.
    """

    query: str
    label: str | None
    score: str
    document: str | None = None
    baseline: str | None = None
    weight: str | None = None
    propensity: str | None = None
    position: str | None = None
    reward: str | None = None
    predicted: str | None = None
    frequency: str | None = None
    by: tuple[str, ...] = ()

    @property
    def parts(self) -> dict[str, str]:
        """Our name of each part that is played, and the table's name of it."""
        named = {
            field.name: getattr(self, field.name) for field in fields(self) if field.name != "by"
        }
        return {part: name for part, name in named.items() if name is not None} | {
            f"{BY}{name}": name for name in self.by
        }


def numbers(parts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the table's names of the columns that must hold numbers."""
    return tuple(name for part, name in parts.items() if part in NUMBERS)


def standard(table: pl.LazyFrame, parts: Mapping[str, str]) -> pl.LazyFrame:
    """Return the columns that play a part, under the names of their parts, numbers as floats.

    What is not a number becomes null; :mod:`pipelines.table.check` counts it.

    Args:
        table: The table as it is.
        parts: Our name of each part, and the table's name of it.

    Raises:
        TableError: A column is not in the table; the nearest name is told.
    """
    schema = table.collect_schema()
    for part, name in parts.items():
        if name not in schema:
            near = difflib.get_close_matches(name, schema.names(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(schema)}"
            msg = f"--{_option(part)}: the table has no column {name!r}{hint}"
            raise TableError(msg)
    return table.select(
        _typed(part, name, schema[name]).alias(part) for part, name in parts.items()
    )


def _option(part: str) -> str:
    return "by" if part.startswith(BY) else part.replace("_", "-")


def _typed(part: str, name: str, dtype: pl.DataType) -> pl.Expr:
    if part in NUMBERS:
        # float32 scores keep their ties and half their size; labels of eight bits are exact in it.
        small = dtype in (pl.Float32, pl.Int8, pl.UInt8, pl.Int16, pl.UInt16, pl.Boolean)
        return pl.col(name).cast(pl.Float32 if small else pl.Float64, strict=False)
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return pl.col(name).cast(pl.String)
    return pl.col(name)
