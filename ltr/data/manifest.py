"""What a folder of lists holds: ``manifest.json``, format ``ltr-lists/1``, as typed records.

The manifest is written last, so a folder that has a valid one is whole. It says which features the
lists carry, how many lists, documents and grades each split has, what became of every row that was
read, and which encoder and which job made them.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from ltr.errors import LtrError, first_failure

FORMAT: Final = "ltr-lists/1"
FILE = "manifest.json"
GRADING_KEYS = (
    "grades",
    "log.grade",
    "acted",
    "events.window",
    "events.counts",
    "events.sums",
    "events.maxima",
)

WEIGHTS: Final = ":weights"
"""Follows the name of a column of ids in the name of the column that holds their weights."""

Side = Literal["query", "document"]
Kind = Literal["id", "ids", "number"]
SplitName = Literal["train", "validation", "test"]
Count = Annotated[int, Field(ge=0)]


class ListsError(LtrError, ValueError):
    """A folder cannot be read as lists; the message names the folder and what is wrong in it."""


class Record(BaseModel):
    """Common settings: unchangeable, and no key that is not described."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Feature(Record):
    """One feature column of the lists.

    Example:
        >>> Feature(side="query", name="user", kind="id", size=1001).column
        'query/user'
    """

    side: Side
    name: Annotated[str, Field(min_length=1)]
    kind: Kind
    """``id`` one id, ``ids`` any number of ids, ``number`` one scaled number."""
    size: Annotated[int, Field(ge=1)] | None = None
    """Ids: size of the vocabulary, id 0 (unseen) included. Numbers: None."""
    vocabulary: str | None = None
    """Ids: the column whose vocabulary, and so whose embedding table, it uses; None: its own."""
    weighted: bool = False
    """Many ids: whether each has a weight; they are in a column of their own, of the same form."""

    @property
    def column(self) -> str:
        """Name of the Arrow column that holds it."""
        return f"{self.side}/{self.name}"

    @property
    def weights_column(self) -> str | None:
        """Name of the Arrow column that holds the weights of its ids; None without weights."""
        return self.column + WEIGHTS if self.weighted else None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all Arrow columns that hold it."""
        return (self.column, self.column + WEIGHTS) if self.weighted else (self.column,)

    @property
    def table(self) -> str:
        """The column that its embedding table is named after."""
        return self.vocabulary or self.column

    @model_serializer(mode="wrap")
    def _what_is_usual_goes_without_saying(
        self, serialize: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        plain: dict[str, Any] = serialize(self)
        unusual = ("vocabulary", "weighted")
        return {key: value for key, value in plain.items() if key not in unusual or value}

    @model_validator(mode="after")
    def _size_belongs_to_ids(self) -> Self:
        if (self.size is None) != (self.kind == "number"):
            found = f"{self.column} is {self.kind} of {self.size}"
            msg = f"an id has a size and a number has none; {found}"
            raise ValueError(msg)
        if self.weighted and self.kind != "ids":
            msg = f"only a column of many ids has weights; {self.column} is of kind {self.kind}"
            raise ValueError(msg)
        return self


class Shard(Record):
    """One Arrow IPC file of lists."""

    file: str
    """Path inside the folder, with forward slashes, e.g. ``train/00000.arrow``."""
    lists: Count
    documents: Count
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

    @field_validator("file")
    @classmethod
    def _inside_the_folder(cls, file: str) -> str:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts:
            msg = f"a shard lies inside the folder of lists; got {file!r}"
            raise ValueError(msg)
        return file


class Split(Record):
    """The lists of one part in time: their counts and their files."""

    lists: Count
    documents: Count
    grades: dict[Count, Count]
    """Documents per grade."""
    first: str | None
    """Time of the first list, as text; None where the split is empty."""
    last: str | None
    shards: tuple[Shard, ...]

    @model_validator(mode="after")
    def _counts_add_up(self) -> Self:
        _require_sum("lists", self.lists, [shard.lists for shard in self.shards])
        _require_sum("documents", self.documents, [shard.documents for shard in self.shards])
        _require_sum("documents", self.documents, list(self.grades.values()))
        return self


class Rows(Record):
    """What became of the rows of the log."""

    read: Count
    kept: Count
    filtered: dict[str, Count] = {}
    """Rows per filter of the job file: left out on purpose, and not kept with the rejects."""
    rejected: dict[str, Count]
    """Rows per reason."""

    @model_validator(mode="after")
    def _every_row_has_a_fate(self) -> Self:
        left_out = (*self.filtered.values(), *self.rejected.values())
        _require_sum("read", self.read, [self.kept, *left_out])
        return self


class Events(Record):
    """What became of the rows of the table of events."""

    read: Count
    attributed: Count
    rejected: dict[str, Count]
    """Events per reason."""

    @model_validator(mode="after")
    def _every_event_has_a_fate(self) -> Self:
        _require_sum("read", self.read, [self.attributed, *self.rejected.values()])
        return self


class Source(Record):
    """What was found of a log whose days are asked for, or whose files differ."""

    days: tuple[str, ...] = ()
    """Days of the window that were read; empty without a window."""
    missing: tuple[str, ...] = ()
    """Days of the window of which there is nothing."""
    drift: tuple[str, ...] = ()
    """What changed in the columns from file to file, in words."""


class Manifest(Record):
    """The whole of ``manifest.json``."""

    format: Literal["ltr-lists/1"] = FORMAT
    features: tuple[Feature, ...]
    splits: dict[SplitName, Split]
    rows: Rows
    events: Events | None = None
    varying: dict[str, Count] = {}
    """Query features that differ within a list, where the first document's value stands: lists."""
    source: Source = Source()
    encoder: Annotated[str, Field(pattern="^[0-9a-f]+$")]
    """Fingerprint of the vocabularies and scalers the lists were encoded with."""
    job: dict[str, JsonValue]
    """The whole job file."""

    @property
    def grading(self) -> dict[str, JsonValue]:
        """How actions became grades: those keys of the job, dotted, that decide it; None if unset.

        Lists of other days may share it; lists that do not share it have grades of another meaning.
        """
        return {key: _at(self.job, key) for key in GRADING_KEYS}

    @model_validator(mode="after")
    def _names_are_unique_and_splits_complete(self) -> Self:
        columns = [column for feature in self.features for column in feature.columns]
        if twice := sorted({column for column in columns if columns.count(column) > 1}):
            msg = f"a feature is listed once; got twice: {', '.join(twice)}"
            raise ValueError(msg)
        if missing := [name for name in get_args(SplitName) if name not in self.splits]:
            msg = f"every split is listed, also an empty one; missing: {', '.join(missing)}"
            raise ValueError(msg)
        _require_owners(self.features)
        return self

    @classmethod
    def load(cls, folder: str | Path, *, verify: bool = False) -> Self:
        """Read and check the manifest of ``folder``.

        Args:
            folder: A folder of lists.
            verify: Also compare the checksum of every shard, which reads all of them.

        Raises:
            ListsError: There is no valid manifest, or a shard is missing or not the one recorded.
        """
        folder = Path(folder)
        manifest = cls._parse(folder, _read_json(folder))
        for split in manifest.splits.values():
            for shard in split.shards:
                _check_shard(folder, shard, verify=verify)
        return manifest

    @classmethod
    def _parse(cls, folder: Path, content: Mapping[str, Any]) -> Self:
        if (version := content.get("format")) != FORMAT:
            msg = f"{folder / FILE}: this version reads the format {FORMAT!r}; got {version!r}"
            raise ListsError(msg)
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            msg = f"{folder / FILE}: {first_failure(error)}"
            raise ListsError(msg) from error

    def save(self, folder: str | Path) -> None:
        """Write ``manifest.json`` into ``folder``; do it last, when all shards are there."""
        text = self.model_dump_json(indent=2) + "\n"
        (Path(folder) / FILE).write_text(text, encoding="utf-8")


def _require_owners(features: tuple[Feature, ...]) -> None:
    """Refuse a column that uses a vocabulary that is not there, or of another size."""
    own = {feature.column: feature.size for feature in features if feature.vocabulary is None}
    for feature in features:
        if feature.size != own.get(feature.table):
            rule = f"must be a column of ids of the same size, {feature.size}, with one of its own"
            found = f"{feature.vocabulary} of size {own.get(feature.table)}"
            msg = f"the vocabulary of {feature.column} {rule}; got {found}"
            raise ValueError(msg)


def _at(job: JsonValue, key: str) -> JsonValue:
    for part in key.split("."):
        job = job.get(part) if isinstance(job, dict) else None
    return job


def checksum(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_sum(name: str, total: int, parts: list[int]) -> None:
    if total != sum(parts):
        msg = f"{name} must be the sum of its parts; got {total} and parts that sum to {sum(parts)}"
        raise ValueError(msg)


def _read_json(folder: Path) -> Mapping[str, Any]:
    path = folder / FILE
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        msg = f"{folder} is no folder of lists: cannot read {FILE}: {error.strerror}"
        raise ListsError(msg) from error
    except ValueError as error:
        msg = f"{path} is not valid JSON: {error}"
        raise ListsError(msg) from error
    if not isinstance(content, dict):
        msg = f"{path} must hold a JSON object; got a {type(content).__name__}"
        raise ListsError(msg)
    return content


def _check_shard(folder: Path, shard: Shard, *, verify: bool) -> None:
    path = folder / shard.file
    if not path.is_file():
        msg = f"{folder}: the shard {shard.file} that {FILE} lists is missing"
        raise ListsError(msg)
    if verify and (found := checksum(path)) != shard.sha256:
        msg = f"{path} was changed: {FILE} records sha256 {shard.sha256}, the file has {found}"
        raise ListsError(msg)
