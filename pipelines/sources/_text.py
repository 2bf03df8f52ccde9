"""A text file in blocks of whole lines, unpacked as it is read."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.errors import LogError

PACKED = {".gz": "gzip", ".zst": "zstd"}
BLOCK_BYTES = 1 << 20
"""Small enough for the caches: what is made of a block is several times its size."""


def blocks_of_lines(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield whole lines of UTF-8, each with its line break, and the number of the first, from 1.

    Raises:
        LogError: The file cannot be read or unpacked, or is not UTF-8.
    """
    line, rest = 1, b""
    for piece in _pieces(path):
        cut = piece.rfind(b"\n") + 1
        if not cut:
            rest += piece
            continue
        text = rest + piece[:cut]
        rest = piece[cut:]
        yield _utf8(text, path, line), line
        line += int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord("\n")))
    if rest:
        yield _utf8(rest + b"\n", path, line), line


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with pa.input_stream(str(path), compression=PACKED.get(path.suffix)) as stream:
            while piece := stream.read(BLOCK_BYTES):
                yield piece
    except OSError as error:
        packed = f", packed as {PACKED[path.suffix]}" if path.suffix in PACKED else ""
        rule = f"{path} must be a readable text file{packed}"
        raise LogError(stage="read", rule=rule, found=str(error)) from None


def _utf8(text: bytes, path: Path, first_line: int) -> bytes:
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError as error:
            line = first_line + text.count(b"\n", 0, error.start)
            rule = f"{path} must be text in UTF-8"
            found = f"byte {text[error.start]:#04x} in line {line}"
            raise LogError(stage="read", rule=rule, found=found) from None
    return text
