"""The rows of a log that are to be scored: the columns that scoring needs, in one type each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.config import Format
from pipelines.contracts import ColumnKind, is_text
from pipelines.errors import LogError
from pipelines.scoring._model import Model
from pipelines.sources import LogFile, Opened, Window, open_path
from pipelines.stages.columns import Columns
from pipelines.stages.drift import known

ROW, REASON = ":row", ":reason"
"""No column of a log can be meant by these."""
SCORE, RANK = "score", "rank"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where the log lies, and what of it goes into the output beside the scores.

    Attributes:
        path: A file, a folder, a glob, a Delta table or an address; ``{date}`` is the day.
        keep: Columns that are written out as they are.
        kind: The format, if the suffix does not tell it.
        window: The days to read; None: all there are.
    """

    path: str
    keep: tuple[str, ...] = ()
    kind: Format | None = None
    window: Window | None = None

    @classmethod
    def of(
        cls,
        path: Path | str,
        keep: Sequence[str],
        kind: Format | None,
        last_day: date | None,
        days: int,
    ) -> "Source":
        """A log, with the window of the ``days`` that end with ``last_day``."""
        window = None if last_day is None else Window(last_day, days)
        return cls(path=str(path), keep=tuple(keep), kind=kind, window=window)


@dataclass(frozen=True, slots=True)
class Names:
    """What the columns of the log are called."""

    query: str
    document: str
    keep: tuple[str, ...]
    features: dict[str, ColumnKind]
    """Name to kind."""

    @classmethod
    def of(cls, model: Model, keep: tuple[str, ...]) -> "Names":
        """The columns that a model needs, and those to be kept.

        Raises:
            LogError: Nothing says which column names documents, or the output would have two
                columns of one name.
        """
        if model.document is None:
            rule = f"{model.folder} has no job.json, so the column of documents must be named"
            raise LogError(stage="score", rule=rule, found="no --document")
        own = (model.query, model.document)
        others = tuple(name for name in dict.fromkeys(keep) if name not in own)
        for name in (model.query, model.document, *others):
            if name in (SCORE, RANK):
                rule = "the scores and ranks are written as columns score and rank"
                raise LogError(stage="score", rule=rule, found=f"a column {name!r} of the log")
        return cls(model.query, model.document, others, model.features)

    @property
    def ids(self) -> list[str]:
        """Columns that hold ids: where a format knows no types they are read as text."""
        ids = [name for name, kind in self.features.items() if kind == "id"]
        return [self.query, self.document, *ids]

    @property
    def all(self) -> list[str]:
        """Every column, once."""
        return list(dict.fromkeys([self.query, self.document, *self.keep, *self.features]))


def open_rows(source: Source, names: Names) -> list[LogFile]:
    """Open the log; all its files get the same columns and types.

    A feature that a file lacks and another has is missing in all its rows. A file without rows and
    columns (an empty day) is left out.

    Raises:
        LogError: No file is there, a day is missing, a file lacks a column or holds another kind of
            value in it.
    """
    opened = open_path(source.path, names.ids, source.kind, source.window)
    _refuse_missing_days(source, opened)
    files = known(opened.files) or opened.files[:1]
    somewhere = {name for file in files for name in file.rows.collect_schema()}
    for file in files:
        _check(Columns(file.rows.collect_schema(), file.path.name), names, somewhere)
    chosen = [_chosen(file, names) for file in files]
    try:
        types = pl.concat([file.rows for file in chosen], how="diagonal_relaxed").collect_schema()
    except pl.exceptions.PolarsError as error:
        rule = f"{source.path} must hold one kind of value in each column, in all files"
        raise LogError(stage="read", rule=rule, found=str(error).partition("\n")[0]) from None
    return [LogFile(file.path, _cast(file.rows, types, names)) for file in chosen]


def _refuse_missing_days(source: Source, opened: Opened) -> None:
    if opened.missing:
        rule = f"{source.path} must hold every day of the window"
        found = "nothing of " + ", ".join(map(str, opened.missing))
        raise LogError(stage="read", rule=rule, found=found)


def _check(columns: Columns, names: Names, somewhere: set[str]) -> None:
    columns.id(names.query, "the query")
    columns.id(names.document, "the document")
    for name in names.keep:
        columns.any(name, "--keep")
    for name, kind in names.features.items():
        if name in columns.schema or name not in somewhere:
            columns.of_kind(kind, name, "the model's features")


def _chosen(file: LogFile, names: Names) -> LogFile:
    schema = file.rows.collect_schema()
    return LogFile(file.path, file.rows.select(name for name in names.all if name in schema))


def _cast(rows: pl.LazyFrame, types: pl.Schema, names: Names) -> pl.LazyFrame:
    own = rows.collect_schema()
    return rows.select(
        pl.col(name).cast(types[name]) if name in own else pl.lit(None, types[name]).alias(name)
        for name in names.all
    )


def text_columns(rows: pl.LazyFrame, names: Names) -> list[str]:
    """The columns that are numbered as they are read, since their texts repeat."""
    schema = rows.collect_schema()
    own = [*names.ids, *(name for name, kind in names.features.items() if kind == "ids")]
    return [name for name in dict.fromkeys(own) if is_text(schema[name])]
