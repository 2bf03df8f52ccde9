"""Lines of LETOR / SVMrank text as arrays: ``grade qid:7 1:0.5 3:2 # docid = GX001``.

A block of lines is cut at its separators once, and its numbers are converted in two calls of
Arrow's parser, which rounds as the decimal text says. Only a block that this cannot take is read
line by line: to accept what is rare (``+1``) and to name the line that is wrong.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources._letor_slowly import MAX_FEATURE, Block, read_slowly

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Cells = tuple[tuple[Ints, ...], Floats]
"""Where values belong in a matrix [features, rows], and the values."""

NEWLINE, HASH, COLON, SPACE = 10, 35, 58, 32
SEPARATORS = bytes([*range(SPACE + 1), COLON, HASH])


def parse(text: bytes, file: str, first_line: int) -> Block:
    r"""Read whole lines of UTF-8, the last one with its line break.

    Args:
        text: The lines.
        file: What to call the file in an error.
        first_line: Number of the first of them in the file.

    Raises:
        LogError: A line is not LETOR; the file, the line and the rule are told.

    Example:
        >>> block = parse(b"2 qid:7 1:0.5 3:4 # docid = GX1\n0 qid:7 2:1\n", "log.letor", 1)
        >>> block.grade.tolist(), block.query.to_pylist(), block.matrix()[1:].tolist()
        ([2.0, 0.0], ['7', '7'], [[0.5, 0.0], [0.0, 1.0], [4.0, 0.0]])
    """
    tokens = _cut(text)
    block = None if tokens is None else _read(tokens)
    return read_slowly(text, file, first_line) if block is None else block


def highest_feature(text: bytes) -> int:
    r"""Return the number of the highest feature, 0 if there is none; it is a line's last one.

    Lines are not checked; :func:`parse` will.

    Example:
        >>> highest_feature(b"1 qid:1 1:0.5 12:0 # a:99\n0 qid:1\n")
        12
    """
    data = np.frombuffer(text, np.uint8)
    colons, line_ends = np.flatnonzero(data == COLON), np.flatnonzero(data == NEWLINE)
    is_hash = data == HASH
    ends = np.flatnonzero(is_hash | (data == NEWLINE)) if is_hash.any() else line_ends
    before = np.searchsorted(colons, _comments(ends, data[ends], line_ends))
    last = np.concatenate(([-1], colons))[before]
    known = last > np.concatenate(([-1], line_ends[:-1]))  # else it is of an earlier line
    number = np.zeros(len(last), np.int64)
    for place in range(len(str(MAX_FEATURE))):
        at = last - 1 - place
        digit = (data[np.maximum(at, 0)] - ord("0")).astype(np.int64)  # of bytes: never negative
        known &= (digit <= 9) & (at >= 0)
        number += np.where(known, digit * 10**place, 0)
    return min(int(number.max(initial=0)), MAX_FEATURE)


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What lies between separators.

    Attributes:
        offsets, data: All pieces of the text, one after another, as Arrow lays out text.
        pieces: Their number.
        number: Int64 [tokens], the pieces that are neither empty nor in a comment.
        first: Int64 [rows], index into ``number`` of each row's first token.
        count: Int64 [rows], tokens of each row.
        line: Int64 [rows].
        query: Bool [rows], whether the second token of a row is the word "qid".
        comment: Text [lines].
    """

    offsets: pa.Buffer
    data: pa.Buffer
    pieces: int
    number: Ints
    first: Ints
    count: Ints
    line: Ints
    query: Flags
    comment: pa.Array

    def strings(self, wanted: Ints) -> pa.Array:
        """Return some of the tokens as text."""
        every = pa.StringArray.from_buffers(self.pieces, self.offsets, self.data)
        return every.take(pa.array(self.number[wanted]))

    def numbers(self, but: Ints) -> Floats:
        """Convert all tokens but some: these are null to the parser, which skips them."""
        valid = np.zeros(self.pieces, dtype=bool)
        valid[self.number] = True
        valid[self.number[but]] = False
        bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
        text = pa.StringArray.from_buffers(self.pieces, self.offsets, self.data, bits)
        return np.frombuffer(pc.cast(text, pa.float32()).buffers()[1], np.float32)[self.number]


def _cut(data: bytes) -> _Tokens | None:
    """Cut at separators; None where a line is not grade, query and pairs of number and value."""
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero((text <= SPACE) | (text == COLON) | (text == HASH))
    kind = text[ends]
    starts = np.concatenate(([0], ends[:-1] + 1))
    breaks = np.flatnonzero(kind == NEWLINE)
    line_ends = ends[breaks]
    comment_at = _comments(ends, kind, line_ends)
    per_line = np.diff(breaks, prepend=-1)
    data_end = np.repeat(comment_at, per_line)
    kept = (ends > starts) & (starts < data_end)
    if _loose_colon(kind, kept, starts < data_end):
        return None
    number = np.flatnonzero(kept)
    running = np.concatenate(([0], np.cumsum(kept)))
    first = running[np.concatenate(([0], breaks[:-1] + 1))]
    count = running[breaks + 1] - first
    line = np.flatnonzero(count)
    first, count = first[line], count[line]
    if not _is_regular(kind[number] == COLON, first, count):
        return None
    second = number[np.minimum(first + 1, len(number) - 1)]
    offsets = (ends - np.arange(len(ends))).astype(np.int32)
    return _Tokens(
        offsets=pa.py_buffer(np.concatenate((np.zeros(1, np.int32), offsets))),
        data=pa.py_buffer(data.translate(None, SEPARATORS)),
        pieces=len(ends),
        number=number,
        first=first,
        count=count,
        line=line,
        query=_says_query(text, starts, ends, second, count),
        comment=_comment_text(text, comment_at, line_ends),
    )


def _comments(ends: Ints, kind: Bytes, line_ends: Ints) -> Ints:
    """Where the data of each line ends: at its first #, or at its end."""
    found = line_ends.copy()
    hashes = ends[kind == HASH]
    if len(hashes):
        of_line, at = np.unique(np.searchsorted(line_ends, hashes), return_index=True)
        found[of_line] = hashes[at]
    return found


def _loose_colon(kind: Bytes, kept: Flags, in_data: Flags) -> bool:
    """Whether a colon in a line's data does not stand between two tokens."""
    colon = (kind == COLON) & in_data
    beside = np.append(kept[1:], False) & kept
    return bool((colon & ~beside).any())


def _is_regular(colon: Flags, first: Ints, count: Ints) -> bool:
    """Whether each row is a grade and then pairs, its tokens parted by a colon in each pair."""
    if (count % 2 == 0).any() or colon[first].any():
        return False
    # Colons come and go from token to token, but for the step from one row to the next.
    stays = colon[1:] == colon[:-1]
    return int(stays.sum()) == len(first) - 1 and bool(stays[first[1:] - 1].all())


def _says_query(text: Bytes, starts: Ints, ends: Ints, second: Ints, count: Ints) -> Flags:
    said: Flags = (count > 1) & (ends[second] - starts[second] == 3)
    for offset, letter in enumerate(b"qid"):
        said &= text[np.minimum(starts[second] + offset, len(text) - 1)] == letter
    return said


def _comment_text(text: Bytes, comment_at: Ints, line_ends: Ints) -> pa.Array:
    """The text itself, laid out as data, comment, data, comment …; every second is taken."""
    offsets = np.stack((comment_at, line_ends), axis=1).ravel().astype(np.int32)
    buffers = pa.py_buffer(offsets), pa.py_buffer(text)
    pieces = pa.StringArray.from_buffers(len(offsets) - 1, *buffers)
    return pieces.take(pa.array(np.arange(0, len(pieces), 2)))


def _read(tokens: _Tokens) -> Block | None:
    """Convert the numbers; None where one is none, or a row's features do not ascend."""
    first, count, query = tokens.first, tokens.count, tokens.query
    if query.any() and not query.all():
        return None
    skip = 3 if query.any() else 1
    try:
        number = tokens.numbers(np.concatenate((first + 1, first + 2)) if skip == 3 else first[:0])
    except pa.ArrowInvalid:
        return None
    cells = _dense(number, count, skip) or _sparse(number, first, count, skip)
    if cells is None:
        return None
    at, values = cells
    return Block(
        line=tokens.line,
        lines=len(tokens.comment),
        grade=number[first],
        query=tokens.strings(first + 2) if skip == 3 else None,
        comment=tokens.comment.take(pa.array(tokens.line)),
        width=int(at[0].max(initial=0)) + 1,
        at=at,
        values=values,
    )


def _dense(number: Floats, count: Ints, skip: int) -> Cells | None:
    """The values as a table, if all rows name the same features."""
    if not len(count) or (count != count[0]).any():
        return None
    table = number.reshape(len(count), -1)
    names, values = table[:, skip::2], table[:, skip + 1 :: 2]
    name = names[0]
    if (names != name).any() or not _are_features(name, np.zeros(len(name), np.int64)):
        return None
    return (name.astype(np.int64),), values.T


def _sparse(number: Floats, first: Ints, count: Ints, skip: int) -> Cells | None:
    """The values one by one; None where a feature is not as it must be."""
    pairs = (count - skip) // 2
    row = np.repeat(np.arange(len(first)), pairs)
    at = np.arange(len(row)) * 2 + np.repeat(first + skip - 2 * (np.cumsum(pairs) - pairs), pairs)
    name, value = number[at], number[at + 1]
    if not _are_features(name, row):
        return None
    return (name.astype(np.int64), row), value


def _are_features(name: Floats, row: Ints) -> bool:
    """Whether the names are whole numbers that ascend within each row; float32 holds them all."""
    if not ((name >= 0) & (name <= MAX_FEATURE)).all() or (name != np.floor(name)).any():
        return False
    return not ((name[1:] <= name[:-1]) & (row[1:] == row[:-1])).any()
