"""Read: bring the log's columns to the pipeline's names and types.

in   the log as it is, its columns named by the job file
out  contracts.impressions_schema, contracts.events_schema
"""

from collections.abc import Callable, Iterator

import polars as pl

from pipelines.config import Events, Job
from pipelines.contracts import events_schema, feature_columns, impressions_schema, require
from pipelines.errors import ConfigError, LogError
from pipelines.stages.label import rule_columns

IDS = "text or whole numbers"


def read_impressions(log: pl.LazyFrame, job: Job) -> pl.LazyFrame:
    """Select and name the columns that the job uses; ``row`` is the row's number in the log.

    Raises:
        LogError: A column is missing or holds another kind of value.
    """
    columns = _Columns(log.collect_schema(), "log")
    counts = job.events.counts if job.events else {}
    if clash := sorted(set(counts) & set(columns.schema)):
        raise ConfigError(key=f"events.counts.{clash[0]}", rule="must not be a column of the log")
    time = columns.time(job.log.time, "log.time")
    chosen = [
        columns.id(job.log.query, "log.query").alias("query_id"),
        columns.id(job.log.document, "log.document").alias("document_id"),
        (columns.id(job.log.session, "log.session") if job.log.session else _no_session()).alias(
            "session_id"
        ),
        time.alias("time"),
        columns.whole(job.log.position, "log.position").alias("position"),
        *_features(columns, job),
        *(
            columns.any(name, key).alias(f"log/{name}")
            for name, key in rule_columns(job).items()
            if name not in counts
        ),
    ]
    frame = log.select(chosen).with_row_index("row")
    schema = impressions_schema(job.features, frame.collect_schema()["time"])
    carried = [name for name in frame.collect_schema() if name.startswith("log/")]
    return require(frame, pl.Schema({**schema, **_types(frame, carried)}), "read")


def read_events(events: pl.LazyFrame, names: Events, time: pl.DataType) -> pl.LazyFrame:
    """Select and name the events' columns; ``time`` must be of the same kind as the log's.

    Raises:
        LogError: A column is missing or holds another kind of value.
    """
    columns = _Columns(events.collect_schema(), "events")
    frame = events.select(
        columns.id(names.session, "events.session").alias("session_id"),
        columns.id(names.document, "events.document").alias("document_id"),
        columns.time(names.time, "events.time").alias("time"),
        columns.id(names.action, "events.action").alias("action"),
    )
    return require(frame, events_schema(time), "read events")


def _features(columns: "_Columns", job: Job) -> Iterator[pl.Expr]:
    for column, name, kind in feature_columns(job.features):
        key = f"features.{column.split('/')[0]}"
        choose = {"id": columns.id, "ids": columns.id_list, "number": columns.number}[kind]
        yield choose(name, key).alias(column)


def _types(frame: pl.LazyFrame, names: list[str]) -> dict[str, pl.DataType]:
    schema = frame.collect_schema()
    return {name: schema[name] for name in names}


def _no_session() -> pl.Expr:
    return pl.lit(None, dtype=pl.String)


class _Columns:
    """The columns of one table, each checked for its kind as it is asked for."""

    def __init__(self, schema: pl.Schema, table: str) -> None:
        self.schema, self.table = schema, table

    def any(self, name: str, key: str) -> pl.Expr:
        if name not in self.schema:
            columns = ", ".join(self.schema)
            raise LogError(
                stage="read", rule=f"{key} names column {name!r} of the {self.table}", found=columns
            )
        return pl.col(name)

    def id(self, name: str, key: str) -> pl.Expr:
        return self._of_kind(name, key, _is_id, IDS).cast(pl.String)

    def id_list(self, name: str, key: str) -> pl.Expr:
        column = self._of_kind(name, key, _is_id_list, f"lists of {IDS}")
        return column.cast(pl.List(pl.String))

    def number(self, name: str, key: str) -> pl.Expr:
        return self._of_kind(name, key, _is_number, "numbers").cast(pl.Float64)

    def whole(self, name: str, key: str) -> pl.Expr:
        column = self._of_kind(name, key, lambda dtype: dtype.is_integer(), "whole numbers")
        return column.cast(pl.Int32, strict=False)

    def time(self, name: str, key: str) -> pl.Expr:
        column = self._of_kind(name, key, _is_time, "datetimes, dates or whole numbers")
        dtype = self.schema[name]
        if dtype.is_integer():
            return column.cast(pl.Int64)
        if isinstance(dtype, pl.Datetime) and dtype.time_zone:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return column.cast(pl.Datetime("us"))

    def _of_kind(
        self, name: str, key: str, fits: Callable[[pl.DataType], bool], kind: str
    ) -> pl.Expr:
        column = self.any(name, key)
        if not fits(self.schema[name]):
            raise LogError(
                stage="read",
                rule=f"{key}: column {name!r} must hold {kind}",
                found=str(self.schema[name]),
            )
        return column


def _is_id(dtype: pl.DataType | pl.datatypes.DataTypeClass) -> bool:
    return dtype.is_integer() or dtype in (pl.String, pl.Categorical, pl.Enum)


def _is_id_list(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.List) and _is_id(dtype.inner)


def _is_number(dtype: pl.DataType) -> bool:
    return dtype.is_numeric() or dtype == pl.Boolean


def _is_time(dtype: pl.DataType) -> bool:
    return dtype.is_integer() or dtype == pl.Date or isinstance(dtype, pl.Datetime)
