"""LETOR text line by line: what it means, and which line breaks a rule."""

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.errors import LogError

MAX_FEATURE = 99_999
"""Of a higher number a wrong line is more likely than a model with so many numbers."""

FEATURE_RULE = f"a feature must be a whole number from 0 to {MAX_FEATURE}"
PAIR = re.compile(r"([^\s:]+):([^\s:]+)")


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines of a file.

    Attributes:
        line: Int64 [rows], each row's line within the block, from 0; a line may hold none.
        lines: Number of lines.
        grade: Float32 [rows].
        query: Text [rows] behind ``qid:``; None where no row has one.
        comment: Text [rows] from ``#`` on; empty where there is none.
        width: One more than the highest feature.
        at: Where the values belong in a matrix [width, rows].
        values: Float32 of the shape that ``at`` selects.
    """

    line: npt.NDArray[np.int64]
    lines: int
    grade: npt.NDArray[np.float32]
    query: pa.Array | None
    comment: pa.Array
    width: int
    at: tuple[npt.NDArray[np.int64], ...]
    values: npt.NDArray[np.float32]

    def matrix(self, width: int | None = None) -> npt.NDArray[np.float32]:
        """Return Float32 [width, rows]: row i is feature i, 0 where a line leaves it out."""
        matrix = np.zeros((width or self.width, len(self.grade)), np.float32)
        matrix[self.at] = self.values
        return matrix


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    grade: float
    query: str | None
    comment: str
    values: dict[int, float]


def read_slowly(text: bytes, file: str, first_line: int) -> Block:
    """Read whole lines one by one; arguments as for :func:`pipelines.sources._letor_lines.parse`.

    Raises:
        LogError: A line is not LETOR.
    """
    lines = text.decode().split("\n")[:-1]
    read = (_row(line, at, f"{file}, line {first_line + at}") for at, line in enumerate(lines))
    rows = [row for row in read if row is not None]
    feature = np.array([name for row in rows for name in row.values], np.int64)
    number = [at for at, row in enumerate(rows) for _ in row.values]
    with np.errstate(over="ignore"):  # a value beyond float32 is infinite
        values = np.array([value for row in rows for value in row.values.values()], np.float32)
        grade = np.array([row.grade for row in rows], np.float32)
    return Block(
        line=np.array([row.line for row in rows], np.int64),
        lines=len(lines),
        grade=grade,
        query=_queries(rows, file, first_line),
        comment=pa.array([row.comment for row in rows], pa.string()),
        width=int(feature.max(initial=0)) + 1,
        at=(feature, np.array(number, np.int64)),
        values=values,
    )


def _row(text: str, line: int, where: str) -> _Row | None:
    data, mark, comment = text.partition("#")
    words = data.split()
    if not words:
        return None
    grade, *rest = words
    pairs = [_pair(word, where) for word in rest]
    query = pairs.pop(0)[1] if pairs and pairs[0][0] == "qid" else None
    numbers = [_feature(name, where) for name, _ in pairs]
    if any(after <= before for before, after in pairwise(numbers)):
        raise _wrong(where, "the features of a line must ascend", " ".join(map(str, numbers)))
    values = [_number(value, "a value", where) for _, value in pairs]
    found = dict(zip(numbers, values, strict=True))
    return _Row(line, _number(grade, "the grade", where), query, mark + comment, found)


def _pair(word: str, where: str) -> tuple[str, str]:
    found = PAIR.fullmatch(word)
    if not found:
        raise _wrong(where, "a line of LETOR is a grade, qid:<query> and feature:value", word)
    return found[1], found[2]


def _feature(name: str, where: str) -> int:
    if not (name.isascii() and name.isdecimal() and int(name) <= MAX_FEATURE):
        raise _wrong(where, FEATURE_RULE, name)
    return int(name)


def _number(word: str, what: str, where: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise _wrong(where, what + " must be a number", word) from None


def _queries(rows: list[_Row], file: str, first_line: int) -> pa.Array | None:
    without = [row for row in rows if row.query is None]
    if len(without) == len(rows):
        return None
    if without:
        raise _wrong(
            file, "all lines or none must have qid:", f"none in line {first_line + without[0].line}"
        )
    return pa.array([row.query for row in rows], pa.string())


def _wrong(where: str, rule: str, found: str) -> LogError:
    short = found if len(found) <= 60 else found[:57] + "..."
    return LogError(stage="read", rule=f"{where}: {rule}", found=repr(short))
