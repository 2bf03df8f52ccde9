"""One file of a log, and how an error in reading it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.errors import LogError, first_line
from pipelines.sources._window import Window


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of a log: the unit that is read as a stream.

    Attributes:
        path: Where it lies; of an object store the address, of a table its folder.
        rows: Its rows, not yet read.
        days: Of an address, the days whose folders are read; None: all that lies there.
    """

    path: Path
    rows: pl.LazyFrame
    days: Window | None = None

    def num_rows(self) -> int:
        """Count its rows, which of most formats reads no more than the file's end.

        Raises:
            LogError: It cannot be read.
        """
        with reading(self.path):
            return int(self.rows.select(pl.len()).collect().item())


@contextmanager
def reading(what: object, kind: str = "log file") -> Iterator[None]:
    """Name the file in what goes wrong while it is read.

    Raises:
        LogError: Instead of an error of polars or of the system.
    """
    try:
        yield
    except FileNotFoundError:
        rule = f"{what} must stay where it is while the log is read"
        raise LogError(stage="read", rule=rule, found="no such file any more") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        rule = f"{what} must be a readable {kind}"
        raise LogError(stage="read", rule=rule, found=first_line(error)) from None
