"""The columns of one file of a log, each checked for its kind as it is asked for."""

import difflib
from collections.abc import Callable

import polars as pl

from pipelines.contracts import ColumnKind
from pipelines.errors import LogError

IDS = "text, whole numbers or booleans"
DType = pl.DataType | pl.datatypes.DataTypeClass


class Columns:
    """Gives expressions that read a column as what the job file says it is.

    Args:
        schema: Of the file.
        table: What to call the file in an error.
    """

    def __init__(self, schema: pl.Schema, table: str) -> None:
        self.schema, self.table = schema, table

    def any(self, name: str, key: str) -> pl.Expr:
        """Return the column as it is.

        Raises:
            LogError: There is none of this name; the nearest is told.
        """
        if name not in self.schema:
            near = difflib.get_close_matches(name, self.schema, n=1)
            found = f"no such column; did you mean {near[0]!r}?" if near else _some(self.schema)
            raise self._error(rule=f"{key} names column {name!r}", found=found)
        if name == "*" or (name.startswith("^") and name.endswith("$")):
            raise self._error(
                rule=f"{key} must name one column", found=f"{name!r}, a pattern to polars"
            )
        return pl.col(name)

    def id(self, name: str, key: str) -> pl.Expr:
        """Return text; whole numbers and booleans are written out."""
        return self._of_kind(name, key, _is_id, IDS).cast(pl.String)

    def id_list(self, name: str, key: str) -> pl.Expr:
        """Return lists of text."""
        column = self._of_kind(name, key, _is_id_list, f"lists of {IDS}")
        return column.cast(pl.List(pl.String))

    def weights(self, name: str, key: str) -> pl.Expr:
        """Return lists of Float64."""
        column = self._of_kind(name, key, _is_number_list, "lists of numbers")
        return column.cast(pl.List(pl.Float64))

    def number(self, name: str, key: str) -> pl.Expr:
        """Return Float64."""
        return self._of_kind(name, key, _is_number, "numbers").cast(pl.Float64)

    def of_kind(self, kind: ColumnKind, name: str, key: str) -> pl.Expr:
        """Return the column of a feature of this kind, or of its weights."""
        read = {
            "id": self.id,
            "ids": self.id_list,
            "weights": self.weights,
            "number": self.number,
        }
        return read[kind](name, key)

    def whole(self, name: str, key: str) -> pl.Expr:
        """Return Int32, null where the number is too large for it."""
        column = self._of_kind(name, key, _is_whole, "whole numbers")
        return column.cast(pl.Int32, strict=False)

    def time(self, name: str, key: str) -> pl.Expr:
        """Return Int64, or a Datetime in UTC without a zone; ISO text is read as such.

        A column of nulls, as an empty day has, stays one.
        """
        column = self._of_kind(name, key, _is_time, "datetimes, dates, ISO text or whole numbers")
        dtype = self.schema[name]
        if dtype == pl.Null:
            return column
        if dtype.is_integer():
            return column.cast(pl.Int64)
        if dtype == pl.String:
            return _parsed(column)
        if isinstance(dtype, pl.Datetime) and dtype.time_zone:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return column.cast(pl.Datetime("us"))

    def _of_kind(self, name: str, key: str, fits: Callable[[DType], bool], kind: str) -> pl.Expr:
        column = self.any(name, key)
        if not fits(self.schema[name]):
            raise self._error(
                rule=f"{key}: column {name!r} must hold {kind}", found=str(self.schema[name])
            )
        return column

    def _error(self, *, rule: str, found: str) -> LogError:
        return LogError(stage="read", rule=f"{self.table}: {rule}", found=found)


def _parsed(text: pl.Expr) -> pl.Expr:
    with_zone = text.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    spaced = text.str.replace("T", " ", literal=True)
    return pl.coalesce(
        with_zone.dt.replace_time_zone(None),
        spaced.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False),
        text.str.to_datetime("%Y-%m-%d", time_unit="us", strict=False),
    )


def _some(schema: pl.Schema, most: int = 12) -> str:
    names = list(schema)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _is_id(dtype: DType) -> bool:
    plain = dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Null)
    return plain or dtype.is_integer()


def _is_id_list(dtype: DType) -> bool:
    return dtype == pl.Null or (isinstance(dtype, pl.List | pl.Array) and _is_id(dtype.inner))


def _is_number(dtype: DType) -> bool:
    return dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)


def _is_number_list(dtype: DType) -> bool:
    return dtype == pl.Null or (isinstance(dtype, pl.List | pl.Array) and _is_number(dtype.inner))


def _is_whole(dtype: DType) -> bool:
    return dtype.is_integer() or dtype == pl.Null


def _is_time(dtype: DType) -> bool:
    text = dtype in (pl.Date, pl.String, pl.Null)
    return text or dtype.is_integer() or isinstance(dtype, pl.Datetime)
