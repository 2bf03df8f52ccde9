"""Read: bring the log's columns to the pipeline's names and types, file by file.

in   the files of the log as they are, their columns named by the job file
out  contracts.impressions_schema, contracts.events_schema
"""

from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.config import Events, Job
from pipelines.contracts import (
    events_schema,
    feature_columns,
    impressions_schema,
    list_types,
    require,
)
from pipelines.errors import ConfigError, LogError
from pipelines.sources import LogFile
from pipelines.stages.attribute import check_window
from pipelines.stages.columns import Columns
from pipelines.stages.filters import check_filters, filter_columns
from pipelines.stages.label import check_rules, observed_names, refuse_unknown, rule_columns
from pipelines.stages.vet import list_columns


def read_impressions(files: Sequence[LogFile], job: Job) -> pl.LazyFrame:
    """Select and name the columns that the job uses; ``row`` is the row's number in the log.

    Columns that the job does not use may come and go from file to file, and a column may be of
    another width of number: each file is brought to the pipeline's types by itself.

    Raises:
        LogError: A file lacks a column, or holds another kind of value in it.
        ConfigError: A grade rule cannot be evaluated, or reads what the model sees.
    """
    made = job.made_columns
    of_grades = {name: key for name, key in rule_columns(job).items() if name not in made}
    _refuse_leaks(job, of_grades)
    read = filter_columns(job.filters) | observed_names(job) | of_grades
    carried = {name: key for name, key in read.items() if name not in made}
    parts = [_read_file(file, job, carried) for file in files]
    rows = _together([part.rows for part in parts], "log.time")
    frame = rows.with_row_index("row").cast({"row": pl.Int64})
    types = frame.collect_schema()
    row = {name: types[f"log/{name}"] for name in carried}
    check_filters(job.filters, check_rules(job, row))
    schema = impressions_schema(job.features, types["time"])
    logged = {f"log/{name}": dtype for name, dtype in row.items()}
    return require(frame, pl.Schema({**schema, **logged, **list_types(types)}), "read")


def read_events(files: Sequence[LogFile], names: Events, time: pl.DataType) -> pl.LazyFrame:
    """Select and name the events' columns.

    Raises:
        LogError: A file lacks a column, holds another kind of value in it, or tells time in
            another way than the log.
    """
    check_window(names, time)
    frame = _together([_read_events_file(file, names) for file in files], "events.time")
    if (found := frame.collect_schema()["time"]) != time:
        rule = f"events.time: column {names.time!r} must tell time as log.time does, in {time}"
        raise LogError(stage="read", rule=rule, found=str(found))
    return require(frame, events_schema(time, names.values), "read events")


def has_zone(files: Sequence[LogFile], column: str) -> bool:
    """Whether a time column is of datetimes with a zone."""
    dtypes = (file.rows.collect_schema().get(column) for file in files)
    return any(isinstance(dtype, pl.Datetime) and dtype.time_zone for dtype in dtypes)


def check_clocks(log: Sequence[LogFile], events: Sequence[LogFile], job: Job) -> None:
    """Refuse a log and events of which only one says its time zone: they may be hours apart.

    Raises:
        LogError: They are.
    """
    if job.events is None:
        return
    zoned = {
        "log.time": has_zone(log, job.log.time),
        "events.time": has_zone(events, job.events.time),
    }
    if len(set(zoned.values())) > 1:
        (with_zone,) = (key for key, has in zoned.items() if has)
        rule = "log.time and events.time must both have a time zone, or neither"
        raise LogError(stage="read", rule=rule, found=f"a zone in {with_zone} only")


def _read_file(file: LogFile, job: Job, carried: dict[str, str]) -> LogFile:
    columns = Columns(file.rows.collect_schema(), file.path.name)
    refuse_unknown(columns.schema, carried, job)
    session = job.log.session
    chosen = [
        columns.id(job.log.query, "log.query").alias("query_id"),
        columns.id(job.log.document, "log.document").alias("document_id"),
        (columns.id(session, "log.session") if session else _no_session()).alias("session_id"),
        columns.time(job.log.time, "log.time").alias("time"),
        columns.whole(job.log.position, "log.position").alias("position"),
        *_features(columns, job),
        *(columns.any(name, key).alias(f"log/{name}") for name, key in carried.items()),
        *list_columns(columns, job),
    ]
    return LogFile(file.path, file.rows.select(chosen))


def _read_events_file(file: LogFile, names: Events) -> pl.LazyFrame:
    columns = Columns(file.rows.collect_schema(), file.path.name)
    return file.rows.select(
        columns.id(names.session, "events.session").alias("session_id"),
        columns.id(names.document, "events.document").alias("document_id"),
        columns.time(names.time, "events.time").alias("time"),
        columns.id(names.action, "events.action").alias("action"),
        *(_finite(columns.number(name, key)) for name, key in names.values.items()),
    )


def _finite(values: pl.Expr) -> pl.Expr:
    name = values.meta.output_name()
    return pl.when(values.is_finite()).then(values).alias(f"value/{name}")


def _together(frames: list[pl.LazyFrame], time_key: str) -> pl.LazyFrame:
    """All files as one. Columns of the log that rules read may differ in width."""
    times = sorted({str(frame.collect_schema()["time"]) for frame in frames})
    if len(times) > 1:
        rule = f"{time_key} must be of one kind in all files"
        raise LogError(stage="read", rule=rule, found=" and ".join(times))
    return pl.concat(frames, how="vertical_relaxed")


def _features(columns: Columns, job: Job) -> Iterator[pl.Expr]:
    for column, name, kind in feature_columns(job.features):
        key = f"features.{column.split('/')[0]}"
        choose = {"id": columns.id, "ids": columns.id_list, "number": columns.number}[kind]
        yield choose(name, key).alias(column)


def _refuse_leaks(job: Job, carried: dict[str, str]) -> None:
    """A column that makes the grade must not be seen by the model: it would only copy it."""
    for column, name, _ in feature_columns(job.features):
        if name in carried:
            key = f"features.{column.split('/')[0]}"
            rule = f"must not name a column that the grade is made from ({carried[name]})"
            raise ConfigError(key=key, rule=rule, found=name)


def _no_session() -> pl.Expr:
    return pl.lit(None, dtype=pl.String)
