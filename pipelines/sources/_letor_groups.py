"""Which query each row of a LETOR file belongs to."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.errors import LogError
from pipelines.sources._letor_slowly import Block
from pipelines.sources._text import PACKED, blocks_of_lines

SUFFIXES = (".query", ".group")


class Groups:
    """Gives the queries of one block after another: from its lines, or from the file beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = 0
        self._in_lines: bool | None = None
        self._beside = path
        self._ends: npt.NDArray[np.int64] = np.zeros(1, np.int64)

    def of(self, block: Block, first_line: int) -> pl.Series:
        """Return the query of each row of the next block.

        Raises:
            LogError: Some lines have a query and some have none; or none has, and no file beside
                holds the groups, or it holds other ones.
        """
        said = block.query is not None
        if self._in_lines is None and not said:
            self._beside = _beside(self._path)
            self._ends = np.cumsum(_sizes(self._beside))
        elif self._in_lines not in (None, said):
            rule = f"{self._path}: all lines or none must have qid:"
            raise LogError(stage="read", rule=rule, found=f"a change from line {first_line} on")
        self._in_lines = said
        if said:
            return pl.Series(block.query, dtype=pl.String)
        rows = np.arange(self._rows, self._rows + len(block.grade))
        self._rows += len(rows)
        group = np.searchsorted(self._ends, rows, side="right")
        if group[-1] == len(self._ends):
            raise self._other(self._rows - 1, "more than")
        return pl.select(
            pl.format("{}:{}", pl.lit(self._path.name), pl.Series(group + 1))
        ).to_series()

    def finish(self) -> None:
        """Check that the groups end where the rows do.

        Raises:
            LogError: They do not.
        """
        if self._in_lines is False and self._rows != self._ends[-1]:
            raise self._other(self._rows, "exactly")

    def _other(self, rows: int, than: str) -> LogError:
        total = int(self._ends[-1]) if len(self._ends) else 0
        rule = f"{self._beside} must count the rows of {self._path} ({than} {rows:,})"
        return LogError(stage="read", rule=rule, found=f"groups of {total:,} rows")


def _beside(path: Path) -> Path:
    plain = path.with_suffix("") if path.suffix in PACKED else path
    wanted = [Path(f"{plain}{suffix}{packed}") for suffix in SUFFIXES for packed in ("", *PACKED)]
    found = next((file for file in wanted if file.is_file()), None)
    if found is None:
        rule = f"{path}: lines must have qid:, or {wanted[0].name} beside it the rows per query"
        raise LogError(stage="read", rule=rule, found="neither")
    return found


def _sizes(path: Path) -> npt.NDArray[np.int64]:
    words = b"".join(text for text, _ in blocks_of_lines(path)).split()
    wrong = next((word for word in words if not word.isdigit()), None)
    if wrong is not None or not words:
        rule = f"{path} must hold the number of rows of each query"
        raise LogError(stage="read", rule=rule, found=repr(wrong.decode()) if wrong else "nothing")
    return np.array(words, np.int64)
