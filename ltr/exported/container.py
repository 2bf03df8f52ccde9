"""The file of an exported model: safetensors, read here with numpy and nothing else.

Eight bytes hold the length of a JSON header, which says where in the file each array lies. There is
no code in it and nothing to unpickle. Arrays are views of the file, mapped into memory: a table is
not copied, and processes that score with the same file share it.

Source: https://github.com/huggingface/safetensors#format
"""

import json
import math
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ltr.exported.errors import ExportedError

Arrays = dict[str, NDArray[Any]]

DTYPES: Final[Mapping[str, type[np.generic]]] = {
    "U8": np.uint8,
    "BF16": np.uint16,  # numpy has no bfloat16: the bits
    "F32": np.float32,
    "F64": np.float64,
    "I64": np.int64,
}
_LONGEST_HEADER = 100 << 20


def read(path: Path) -> tuple[dict[str, str], Arrays]:
    """The texts and the arrays of a file.

    Raises:
        ExportedError: The file cannot be read, or is no such file.
    """
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise _refused(path, str(error)) from None
    header, start = _header(path, content)
    texts = header.pop("__metadata__", {})
    if not isinstance(texts, dict):
        raise _refused(path, "its metadata is not a table")
    arrays = {name: _array(path, name, about, content, start) for name, about in header.items()}
    return texts, arrays


def _header(path: Path, content: mmap.mmap) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_LONGEST_HEADER, len(content) - 8):
        raise _refused(path, f"a header of {length:,} bytes in a file of {len(content):,}")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"its header is not JSON: {error}") from None
    if not isinstance(header, dict):
        raise _refused(path, "its header is not a table")
    return header, 8 + length


def _array(path: Path, name: str, about: Any, content: mmap.mmap, start: int) -> NDArray[Any]:  # noqa: ANN401 - whatever the file says
    try:
        dtype = np.dtype(DTYPES[about["dtype"]])
        shape, (begin, end) = tuple(about["shape"]), about["data_offsets"]
        whole = all(type(number) is int and number >= 0 for number in (*shape, begin, end))
    except (KeyError, TypeError, ValueError):
        raise _refused(path, f"it describes {name!r} as {about!r:.100}") from None
    count = math.prod(shape) if whole else -1
    if not whole or end - begin != count * dtype.itemsize or start + end > len(content):
        raise _refused(path, f"{name!r} of shape {list(shape)} does not lie in it")
    if (start + begin) % dtype.itemsize:
        raise _refused(path, f"{name!r} is not aligned")
    return np.frombuffer(content, dtype, count, start + begin).reshape(shape)


def _refused(path: Path, why: str) -> ExportedError:
    return ExportedError(f"{path} must be a file that `ltr export` wrote: {why}")
