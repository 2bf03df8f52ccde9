"""The champion that a night compares with: pinned when the night begins.

The night's own candidate may be the champion by the time that a killed night goes on; it is still
compared with the champion that was there before. Where somebody made another version the champion
meanwhile, with `ltr models rollback` say, the night begins anew with that one.
"""

import datetime
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from ltr.atomic import write_file
from pipelines.encoder import Encoder
from pipelines.errors import RegistryError
from pipelines.registry import Registry, Version


class Pin(BaseModel):
    """The whole of ``night.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    champion: str | None = None
    """Version in use when the night began; None: there was none."""
    digest: str | None = None
    """Of its files; None where they cannot be read."""
    damage: str | None = None
    """Why it cannot be used; None if it can."""
    forced: bool = False
    """Whether the candidate is promoted whatever the gate says; once said, it stays said."""

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Read it; None if there is none that can be read."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None

    def save(self, path: Path) -> None:
        """Write it."""
        write_file(path, (self.model_dump_json(indent=1) + "\n").encode())


@dataclass(frozen=True)
class Champion:
    """The version to beat."""

    version: Version
    damage: str | None = None
    """Why it cannot be used; None if it can."""
    digest: str | None = None

    @property
    def name(self) -> str:
        """Such as ``v0012``."""
        return self.version.name

    @property
    def folder(self) -> Path:
        """Of the model."""
        return self.version.folder

    @cached_property
    def encoder(self) -> Encoder | None:
        """What its ids and numbers mean; None if it cannot be used."""
        return None if self.damage else Encoder.load(self.folder / "encoder")

    @property
    def date(self) -> datetime.date | None:
        """Of the night that trained it, if it is known."""
        try:
            return self.version.lineage.date
        except RegistryError:
            return None


def pin(
    registry: Registry, before: Pin | None, date: datetime.date, *, over: bool, forced: bool
) -> Pin:
    """Say which version a night compares with.

    Args:
        registry: Of the models.
        before: What was pinned, if the night was begun before.
        date: The night's. A model of this very night is no reason to compare anew.
        over: Whether the night has come to its end before: neither is what later nights promote.
        forced: Whether it was said just now that the candidate is to be promoted.
    """
    now = registry.pointer()
    if before is None:
        return _pinned(registry, now, forced=forced)
    forced = forced or before.forced
    if over and _number(now) >= _number(before.champion):
        return before.model_copy(update={"forced": forced})
    stays = now == before.champion or is_of(registry, now, date)
    return _pinned(registry, before.champion if stays else now, forced=forced)


def is_of(registry: Registry, name: str | None, date: datetime.date) -> bool:
    """Whether a version was made by the night of a date."""
    try:
        return name is not None and registry.version(name).lineage.date == date
    except RegistryError:
        return False


def _pinned(registry: Registry, name: str | None, *, forced: bool) -> Pin:
    """Read a version with all its files compared."""
    if name is None:
        return Pin(forced=forced)
    version = registry.version(name)
    if damages := version.damages():
        what = ": ".join(part for part in (damages[0].file, damages[0].what) if part)
        return Pin(champion=name, damage=f"its files are damaged: {what}", forced=forced)
    return Pin(champion=name, digest=version.digest, forced=forced)


def _number(name: str | None) -> int:
    return int(name.removeprefix("v")) if name else 0
