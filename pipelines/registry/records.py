"""What a version says of itself: the checksums of its files, and where the model comes from."""

import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ltr.data.manifest import Events, Rows, checksum

VERSION_NAME: Final = r"^v[0-9]{4,}$"
PICKLES: Final = frozenset(
    {".bin", ".ckpt", ".dill", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth", ".pyc"}
)
"""Suffixes of files that may run code of their author when they are read."""

Count = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
VersionName = Annotated[str, Field(pattern=VERSION_NAME)]


class Record(BaseModel):
    """Common settings: unchangeable, and no key that is not described."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def inside(name: str) -> str:
    """Return the name of a file inside a folder, written in the one way that it can be.

    Raises:
        ValueError: It is absolute, leads out of the folder, or is not a plain relative path.

    Example:
        >>> inside("encoder/encoder.json")
        'encoder/encoder.json'
        >>> inside("../secret.json")
        Traceback (most recent call last):
        ValueError: a file must lie inside the folder; got '../secret.json'
    """
    parts = PurePosixPath(name).parts
    plain = bool(parts) and "/".join(parts) == name and name.isprintable()
    if not plain or name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0]:
        msg = f"a file must lie inside the folder; got {name!r}"
        raise ValueError(msg)
    return name


def no_pickle(name: str) -> str:
    """Refuse the name of a file that may run code when it is read.

    Raises:
        ValueError: The suffix is one of ``PICKLES``.
    """
    if (suffix := PurePosixPath(name).suffix.lower()) in PICKLES:
        msg = f"a model holds no pickles, which run code when they are read; got {suffix}: {name!r}"
        raise ValueError(msg)
    return name


def inside_or_address(name: str) -> str:
    """Let an address such as ``s3://log/2026-11-21.parquet`` pass, and check a file's name.

    Raises:
        ValueError: It is neither.
    """
    scheme, found, rest = name.partition("://")
    if not found or scheme == "file":
        return inside(name)
    if ".." in PurePosixPath(rest).parts or not name.isprintable():
        msg = f"an address must not lead upwards; got {name!r}"
        raise ValueError(msg)
    return name


FileName = Annotated[str, AfterValidator(inside), AfterValidator(no_pickle)]


class FileSum(Record):
    """One file of a version."""

    sha256: Sha256
    bytes: Count


class Checksums(Record):
    """The whole of ``checksums.json``: every other file of the version."""

    format: Literal["ltr-checksums/1"] = "ltr-checksums/1"
    files: dict[FileName, FileSum]


class LogFile(Record):
    """One file that the lists were made of.

    Example:
        >>> LogFile(file="log/2026-11-21.parquet", sha256="0" * 64, rows=12).table
        'log'
    """

    file: Annotated[str, AfterValidator(inside_or_address)]
    """Relative to the folder of the log, with forward slashes; or an address."""
    sha256: Sha256
    rows: Count | None = None
    """None where the format does not tell it."""
    table: Literal["log", "events"] = "log"

    @classmethod
    def of(
        cls,
        path: Path,
        folder: Path,
        *,
        rows: int | None = None,
        table: Literal["log", "events"] = "log",
    ) -> Self:
        """Read the checksum of a file.

        Args:
            path: The file.
            folder: Of the log; a file elsewhere is named from the root of the file system.
            rows: How many it holds.
            table: Which of the tables it belongs to.

        Raises:
            OSError: It cannot be read.
        """
        whole, root = path.resolve(), folder.resolve()
        named = whole.relative_to(root if whole.is_relative_to(root) else whole.anchor)
        return cls(file=named.as_posix(), sha256=checksum(path), rows=rows, table=table)


class Lineage(Record):
    """The whole of ``lineage.json``: what the model was made of, so that it can be made again.

    Example:
        >>> Lineage(code="0.1.0").format
        'ltr-lineage/1'
    """

    format: Literal["ltr-lineage/1"] = "ltr-lineage/1"
    code: str
    """Version of the code that made it."""
    date: datetime.date | None = None
    """The night's date, the last day of the log's window."""
    parent: VersionName | None = None
    """The version whose weights the training began with."""
    files: tuple[LogFile, ...] = ()
    rows: Rows | None = None
    """What became of every row of the log."""
    events: Events | None = None
    lists: dict[str, Count] = {}
    """Lists by part: train, validation, test."""
