"""What every step of a night must know."""

import datetime
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from pipelines.config import Job
from pipelines.engines import EngineName
from pipelines.jobs.folders import Folders
from pipelines.nightly.champion import Champion, Pin, is_of, pin
from pipelines.nightly.inputs import files_of
from pipelines.nightly.nights import NIGHT, NIGHTS, ended
from pipelines.nightly.outcome import Outcome
from pipelines.nightly.steps import Steps
from pipelines.progress import Progress
from pipelines.registry import LogFile, Registry

if TYPE_CHECKING:
    from pipelines.joints import Log

MODELS, STEPS = "models", "steps"
GATE, DRIFT, SEEN = "gate.json", "drift.json", "inputs.json"
REGISTER: Final = "register"
CODE: Final = {"ltr": version("ltr"), "polars": version("polars")}

log = logging.getLogger("ltr.nightly")


@dataclass
class Night:
    """One night of one job.

    Args:
        job: Its job, which has a date.
        job_file: Where that was read.
        log_folder: What the log's paths are relative to.
        output: Folder of the run: models and nights.
        steps: Of this night.
        forced: Whether the candidate is to be promoted whatever the gate says.
        engine: Who prepares.
        num_processes: Of the training.
    """

    job: Job
    job_file: Path
    log_folder: Path
    output: Path
    steps: Steps
    forced: bool = False
    engine: EngineName = "local"
    num_processes: int = 1
    anew: bool = False
    """Whether the champion changed while the night was at work."""

    @property
    def date(self) -> datetime.date:
        """The last day of its window."""
        assert self.job.date is not None
        return self.job.date

    @property
    def folder(self) -> Path:
        """All that this night leaves but the model in the registry."""
        return self.output / NIGHTS / self.date.isoformat()

    @property
    def folders(self) -> Folders:
        """Of the jobs that the night is made of."""
        return Folders(self.log_folder, self.folder)

    @cached_property
    def registry(self) -> Registry:
        """The models of all nights."""
        return Registry(self.output / MODELS)

    @cached_property
    def log(self) -> "Log":
        """The log, opened."""
        from pipelines.jobs.prepare import open_tables

        return open_tables(self.job, self.folders)

    @cached_property
    def files(self) -> tuple[LogFile, ...]:
        """The log's files with their checksums."""
        seen = self.folder / SEEN
        return files_of(self.log, self.log_folder, seen, save=not self.steps.plan)

    @cached_property
    def pinned(self) -> Pin:
        """Which version was in use when the night began."""
        path = self.folder / NIGHT
        before, over = Pin.load(path), self.outcome() is not None and not self.anew
        found = pin(self.registry, before, self.date, over=over, forced=self.forced)
        if found != before and not self.steps.plan:
            found.save(path)
        return found

    @cached_property
    def champion(self) -> Champion | None:
        """The version to beat; None if there is none."""
        if self.pinned.champion is None:
            return None
        version = self.registry.version(self.pinned.champion)
        return Champion(version, self.pinned.damage, self.pinned.digest)

    def owns(self, name: str | None) -> bool:
        """Whether a version is the champion that was pinned, or a model of this night."""
        return name == self.pinned.champion or is_of(self.registry, name, self.date)

    @property
    def candidate(self) -> str | None:
        """The version that this night has added, if it came so far."""
        record = self.steps.record(REGISTER)
        name = record.left if record and record.done else None
        return name if isinstance(name, str) else None

    def outcome(self) -> Outcome | None:
        """How the night ended, if it came to its end."""
        return ended(self.folder)

    def begin_anew(self) -> None:
        """Forget what was read; what is on the disk stays."""
        self.anew = True
        self.steps.keys.clear()
        for name in ("log", "files", "pinned", "champion"):
            self.__dict__.pop(name, None)

    def sections(self, *names: str) -> dict[str, JsonValue]:
        """Sections of the job file as parts of a key."""
        content: Mapping[str, JsonValue] = self.job.model_dump(mode="json", include=set(names))
        return {name: content[name] for name in names}

    def say(self, text: str) -> None:
        """Tell something that is worth knowing."""
        log.info("night of %s: %s", self.date, text)

    @contextmanager
    def progress(self, name: str) -> Iterator[Progress]:
        """Show how far a step is."""
        with Progress(name) as shown:
            yield shown
