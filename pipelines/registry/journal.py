"""Who made which version the champion, when and why.

A promotion is three writes, each of them atomic and on the disk before the next::

    1. promotion.json     the record, prepared
    2. champion -> v0005  the rename that makes it true
    3. promotions.jsonl   the record among the others; then promotion.json is removed

Whether a prepared record counts is told by the link alone. A process that dies before 2 leaves the
old champion and a record that is thrown away; one that dies after 2 leaves the new champion and a
record that is kept, with its reason: readers count it in, and the next change writes it down.

Records are numbered, and the numbers are their order: a clock that is moved back changes nothing.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from ltr.atomic import sync, write_file
from ltr.errors import first_failure
from pipelines.errors import RegistryError
from pipelines.plain_text import shown
from pipelines.registry.records import Record, Sha256, VersionName
from pipelines.registry.vetting import MAX_JSON, read_json, read_plain

LOG: Final = "promotions.jsonl"
PREPARED: Final = "promotion.json"


class Promotion(Record):
    """One line of ``promotions.jsonl``.

    Example:
        >>> when = datetime.fromisoformat("2026-11-22T02:41:07+00:00")
        >>> Promotion(number=1, when=when, who="ltr", to="v0001", checksums="0" * 64).kind
        'promote'
    """

    model_config = ConfigDict(
        serialize_by_alias=True, validate_by_name=True, validate_by_alias=True
    )

    number: Annotated[int, Field(ge=1)]
    """Counted from 1; the order of the records, whatever the clock says."""
    when: datetime
    """In UTC, as the machine's clock had it."""
    who: str
    """User and machine."""
    kind: Literal["promote", "rollback"] = "promote"
    why: str = ""
    forced: bool = False
    """Whether somebody overruled the gate."""
    before: Annotated[VersionName | None, Field(alias="from")] = None
    """The champion until then; None if there was none."""
    to: VersionName
    checksums: Sha256
    """SHA-256 of the version's ``checksums.json`` when it became champion."""


_PROMOTION: Final = TypeAdapter(Promotion)


class Journal:
    """The records of a folder of models.

    Args:
        folder: The folder of models.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def records(self, champion: str | None) -> list[Promotion]:
        """All records in order; a prepared one counts if ``champion`` is what it promoted.

        Raises:
            RegistryError: A record is damaged; the message names the file and the line.
        """
        prepared = self._prepared()  # before the log: in between it may move there, not back
        written = self._written()
        if prepared and prepared.to == champion and prepared.number == len(written) + 1:
            return [*written, prepared]
        return written

    def settle(self, champion: str | None) -> list[Promotion]:
        """Write down, or throw away, what a killed process prepared; return all records.

        Raises:
            RegistryError: A record is damaged.
            OSError: The disk fails.
        """
        records = self.records(champion)
        if (self._folder / PREPARED).exists():
            self._write(records)
        return records

    def prepare(self, record: Promotion) -> None:
        """Put the record on the disk, where it does not count before the link says so.

        Raises:
            OSError: The disk fails; nothing is left.
        """
        write_file(self._folder / PREPARED, f"{record.model_dump_json()}\n".encode())

    def discard(self) -> None:
        """Throw the prepared record away."""
        (self._folder / PREPARED).unlink(missing_ok=True)

    def finish(self, records: Sequence[Promotion]) -> None:
        """Write all records down; where the disk fails, the prepared one stays, and counts."""
        with suppress(OSError):
            self._write(records)

    def _write(self, records: Sequence[Promotion]) -> None:
        lines = "".join(f"{one.model_dump_json()}\n" for one in records)
        write_file(self._folder / LOG, lines.encode())
        self.discard()
        sync(self._folder)

    def _prepared(self) -> Promotion | None:
        try:
            return read_json(self._folder / PREPARED, _PROMOTION)
        except RegistryError as error:
            # A look whether it is there now would tell of the next promotion.
            if isinstance(error.__cause__, FileNotFoundError):
                return None  # there is none, or it went to the log a moment ago
            raise

    def _written(self) -> list[Promotion]:
        path = self._folder / LOG
        if not path.exists():
            return []
        try:
            lines = read_plain(path, MAX_JSON).splitlines()
        except OSError as error:
            msg = f"{path}: cannot be read: {error.strerror}"
            raise RegistryError(msg) from error
        return [_parsed(path, at, line) for at, line in enumerate(lines, start=1)]


def _parsed(path: Path, at: int, line: bytes) -> Promotion:
    try:
        record = _PROMOTION.validate_json(line)
    except ValidationError as error:
        msg = f"{path}: line {at}: {shown(str(first_failure(error)))}"
        raise RegistryError(msg) from error
    if record.number != at:
        msg = f"{path}: line {at}: number must be {at}, no record is lost; got {record.number}"
        raise RegistryError(msg)
    return record


def earlier(records: Sequence[Promotion]) -> list[str]:
    """The champions so far, the latest last, without those that a rollback went back over.

    Example:
        >>> when = datetime.fromisoformat("2026-11-22T02:41:07+00:00")
        >>> def record(kind, to):
        ...     return Promotion(number=1, when=when, who="", kind=kind, to=to, checksums="0" * 64)
        >>> night = [record("promote", f"v000{n}") for n in (1, 2, 3)]
        >>> earlier(night), earlier([*night, record("rollback", "v0002")])
        (['v0001', 'v0002', 'v0003'], ['v0001', 'v0002'])
    """
    champions: list[str] = []
    for record in records:
        if record.kind == "rollback" and record.to in champions:
            while champions[-1] != record.to:
                champions.pop()
        else:
            champions.append(record.to)
    return champions
