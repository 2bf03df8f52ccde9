"""Read: bring the log's columns to the pipeline's names and types, file by file.

in   the files of the log as they are, their columns named by the job file
out  contracts.impressions_schema, contracts.events_schema
"""

from collections.abc import Collection, Iterator, Sequence

import polars as pl

from pipelines.config import Events, Job
from pipelines.contracts import (
    RAW_TYPES,
    events_schema,
    feature_columns,
    impressions_schema,
    list_types,
    require,
)
from pipelines.errors import ConfigError, LogError
from pipelines.sources import LogFile
from pipelines.stages.attribute import check_window
from pipelines.stages.clocks import Clock, check_units
from pipelines.stages.columns import Columns
from pipelines.stages.drift import known, refuse_drift
from pipelines.stages.filters import check_filters, filter_columns
from pipelines.stages.label import check_rules, observed_names, refuse_unknown, rule_columns
from pipelines.stages.vet import list_columns


def read_impressions(files: Sequence[LogFile], job: Job) -> pl.LazyFrame:
    """Select and name the columns that the job uses; ``row`` is the row's number in the log.

    Unless ``log.drift`` is "freeze", columns that the job does not use may come and go from file
    to file, and so may features, which are missing values then; and a column may be of another
    width of number. Each file is brought to the pipeline's types by itself.

    Raises:
        LogError: A file lacks a column, or holds another kind of value in it, or the files differ
            and must not.
        ConfigError: A grade rule cannot be evaluated, or reads what the model sees.
    """
    parts = [part.rows for part in read_parts(files, job)]
    return place(numbered(pl.concat(parts)), job)


def read_parts(files: Sequence[LogFile], job: Job) -> list[LogFile]:
    """Read each file by itself; all get the same columns and types, and none gets ``row``.

    A file without rows and columns (an empty day) is left out. :func:`place` does what more than
    one row decides on.

    Raises:
        LogError, ConfigError: As :func:`read_impressions`.
    """
    files = known(files)
    if job.log.drift == "freeze":
        refuse_drift(files)
    made = job.made_columns
    of_grades = {name: key for name, key in rule_columns(job).items() if name not in made}
    _refuse_leaks(job, of_grades)
    read = filter_columns(job.filters) | observed_names(job) | of_grades
    carried = {name: key for name, key in read.items() if name not in made}
    somewhere = {name for file in files for name in file.rows.collect_schema()}
    parts = [_read_file(file, job, carried, somewhere) for file in files]
    types = _together([part.rows for part in parts], "log.time").collect_schema()
    row = {name: types[f"log/{name}"] for name in carried}
    check_filters(job.filters, check_rules(job, row))
    return [LogFile(part.path, _cast(part.rows, types)) for part in parts]


def numbered(rows: pl.LazyFrame, first: int = 0) -> pl.LazyFrame:
    """Add ``row``, the number of the row in the log, where ``rows`` begin with this one."""
    return rows.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64) + first)


def place(rows: pl.LazyFrame, job: Job) -> pl.LazyFrame:
    """Give rows of whole queries the time and the position that the log does not tell.

    Without ``log.time`` the number of the row in the log is its time, without ``log.position`` a
    document's place among the rows of its query is its position.

    Args:
        rows: All rows of some queries, as :func:`read_parts` makes them, with ``row``.
        job: Says which columns the log has.
    """
    told = []
    if job.log.time is None:
        told.append(pl.col("row").alias("time"))
    if job.log.position is None:
        order = pl.col("row").rank("ordinal").over("query_id")
        told.append(order.cast(pl.Int32).alias("position"))
    placed = rows.with_columns(told)
    types = placed.collect_schema()
    schema = impressions_schema(job.features, types["time"])
    logged = {name: dtype for name, dtype in types.items() if name.startswith("log/")}
    return require(placed, pl.Schema({**schema, **logged, **list_types(types)}), "read")


def read_events(
    files: Sequence[LogFile], names: Events, time: pl.DataType, *, freeze: bool = False
) -> pl.LazyFrame:
    """Select and name the events' columns.

    Args:
        files: Of the events.
        names: Of their columns.
        time: How the log tells time.
        freeze: Whether all files must have the same columns.

    Raises:
        LogError: A file lacks a column, holds another kind of value in it, or tells time in
            another way than the log, or the files differ and must not.
    """
    check_window(names, time)
    if freeze:
        refuse_drift(files)
    parts = [_read_events_file(file, names) for file in known(files)]
    frame = _together(parts, "events.time")
    if (found := frame.collect_schema()["time"]) != time:
        rule = f"events.time: column {names.time!r} must tell time as log.time does, in {time}"
        raise LogError(stage="read", rule=rule, found=str(found))
    return require(frame, events_schema(time, names.values), "read events")


def has_zone(files: Sequence[LogFile], column: str) -> bool:
    """Whether a time column is of datetimes with a zone."""
    dtypes = (file.rows.collect_schema().get(column) for file in files)
    return any(isinstance(dtype, pl.Datetime) and dtype.time_zone for dtype in dtypes)


def check_clocks(log: Sequence[LogFile], events: Sequence[LogFile], job: Job) -> None:
    """Refuse clocks that cannot be compared: one alone with a time zone, or in another unit.

    Raises:
        LogError: They are.
    """
    clocks = [Clock("log.time", job.log.time, known(log))] if job.log.time else []
    if job.events:
        clocks.append(Clock("events.time", job.events.time, known(events)))
    check_units(clocks)
    zoned = {clock.key: has_zone(clock.files, clock.column) for clock in clocks}
    if len(set(zoned.values())) > 1:
        (with_zone,) = (key for key, has in zoned.items() if has)
        rule = "log.time and events.time must both have a time zone, or neither"
        raise LogError(stage="read", rule=rule, found=f"a zone in {with_zone} only")


def _read_file(
    file: LogFile, job: Job, carried: dict[str, str], somewhere: Collection[str]
) -> LogFile:
    columns = Columns(file.rows.collect_schema(), file.path.name)
    refuse_unknown(columns.schema, carried, job)
    session, time, place = job.log.session, job.log.time, job.log.position
    chosen = [
        columns.id(job.log.query, "log.query").alias("query_id"),
        columns.id(job.log.document, "log.document").alias("document_id"),
        (columns.id(session, "log.session") if session else _none(pl.String())).alias("session_id"),
        (columns.time(time, "log.time") if time else _none(pl.Int64())).alias("time"),
        (columns.whole(place, "log.position") if place else _none(pl.Int32())).alias("position"),
        *_features(columns, job, somewhere),
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
    times = sorted({str(frame.collect_schema()["time"]) for frame in frames} - {"Null"})
    if len(times) != 1:
        rule = f"{time_key} must be of one kind in all files"
        raise LogError(stage="read", rule=rule, found=" and ".join(times) or "Null")
    schemas = [frame.collect_schema() for frame in frames]
    together = pl.concat(frames, how="vertical_relaxed")
    try:
        together.collect_schema()
    except pl.exceptions.SchemaError as error:
        rule = "a column must be of types that go together in all files"
        raise LogError(stage="read", rule=rule, found=_kinds(schemas)) from error
    return together


def _kinds(schemas: list[pl.Schema]) -> str:
    """Name the first column whose files are partly of lists, partly not, with all its types."""
    for name in schemas[0]:
        kinds = {schema[name] for schema in schemas if name in schema}
        if len({kind.is_nested() for kind in kinds}) > 1:
            return f"{name.removeprefix('log/')}: {' and '.join(sorted(map(str, kinds)))}"
    return "others"


def _cast(rows: pl.LazyFrame, types: pl.Schema) -> pl.LazyFrame:
    own = rows.collect_schema()
    return rows.with_columns(
        pl.col(name).cast(dtype) for name, dtype in types.items() if own[name] != dtype
    )


def _features(columns: Columns, job: Job, somewhere: Collection[str]) -> Iterator[pl.Expr]:
    for column, name, kind in feature_columns(job.features):
        key = f"features.{column.split('/')[0]}"
        if name not in columns.schema and name in somewhere:
            yield _none(RAW_TYPES[kind]).alias(column)
            continue
        yield columns.of_kind(kind, name, key).alias(column)


def _refuse_leaks(job: Job, carried: dict[str, str]) -> None:
    """A column that makes the grade must not be seen by the model: it would only copy it."""
    for column, name, _ in feature_columns(job.features):
        if name in carried:
            key = f"features.{column.split('/')[0]}"
            rule = f"must not name a column that the grade is made from ({carried[name]})"
            raise ConfigError(key=key, rule=rule, found=name)


def _none(dtype: pl.DataType) -> pl.Expr:
    return pl.lit(None, dtype=dtype)
