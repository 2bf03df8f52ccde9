"""The job file: one TOML file that describes a whole job, parsed into frozen, typed models.

An error names the dotted key, the rule and the value it got; a misspelt key is answered with the
nearest right one. Paths in the file are relative to the file itself.
"""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from ltr.errors import first_failure
from ltr.recipe import Config, LossConfig, Recipe, TowersConfig, TrainingConfig
from pipelines.errors import ConfigError

MAX_GRADE = 31
"""Largest grade: 2^31 - 1, its exponential gain, is still exact in every float the metrics use."""

Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], Field(strict=False)]
Share = Annotated[float, Field(gt=0, lt=1)]
FeatureKind = Literal["id", "ids", "number"]
Grade = Annotated[int, Field(ge=0, le=MAX_GRADE)]


class Log(Config):
    """The impressions: one row per document shown for a query. Values are column names."""

    path: Name
    """File, folder or glob: Parquet, Arrow IPC, CSV or NDJSON, told by the suffix."""
    query: Name
    """One value per list: the request, page or query that showed the documents together."""
    document: Name
    time: Name
    """When it was shown: a datetime, a date or any integer that grows."""
    position: Name
    """Where it was shown, 1 = first: the order that the logged-order baseline replays."""
    session: Name | None = None
    """Needed to attribute events: they name a session and a document, not a request."""
    grade: Name | None = None
    """A column that already holds the grade; instead of ``[[grades]]``."""


class Events(Config):
    """A second table of what people did, to be attributed to impressions."""

    path: Name
    session: Name
    document: Name
    time: Name
    action: Name
    counts: Annotated[dict[Name, Name], Field(min_length=1)]
    """New column = action: ``clicks = "click"`` counts an impression's clicks as ``clicks``."""

    @property
    def id_columns(self) -> frozenset[str]:
        """Columns of the events that hold ids."""
        return frozenset({self.session, self.document, self.action})


class GradeRule(Config):
    """One rule of ``[[grades]]``; the first that holds gives the grade, none gives 0."""

    grade: Grade
    when: Name
    """A SQL condition over columns of the log and the event counts, e.g. ``purchases > 0``."""


class SideFeatures(Config):
    """The features of one side: queries or documents. Values are column names of the log."""

    ids: Names = ()
    id_lists: Names = ()
    numbers: Names = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All columns of this side, in the order ids, id lists, numbers."""
        return (*self.ids, *self.id_lists, *self.numbers)

    @property
    def kinds(self) -> dict[str, FeatureKind]:
        """Column to kind, in the order of ``names``."""
        return {
            **dict.fromkeys(self.ids, "id"),
            **dict.fromkeys(self.id_lists, "ids"),
            **dict.fromkeys(self.numbers, "number"),
        }


class Features(Config):
    """Which columns the model sees."""

    query: SideFeatures = SideFeatures()
    document: SideFeatures
    min_count: Annotated[int, Field(ge=1)] = 2
    """Ids seen fewer times in the training part become id 0, "unseen", which is thereby trained."""


class ListLimits(Config):
    """Which lists are kept. A longer one is most often a bot, a shorter one has nothing to rank."""

    min_documents: Annotated[int, Field(ge=1)] = 2
    max_documents: Annotated[int, Field(ge=2)] = 500


class SplitShares(Config):
    """Shares of the lists, by time: training first, then validation, then test."""

    validation: Share = 0.1
    test: Share = 0.2


class Evaluation(Config):
    """How the report measures."""

    gain: Literal["exp2", "linear"] = "exp2"
    cutoffs: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False, min_length=1)
    ] = (1, 5, 10)
    blank: Literal["skip", "zero", "one"] = "skip"
    """What a list without a relevant document counts as in a mean."""
    resamples: Annotated[int, Field(ge=100)] = 2000
    confidence: Share = 0.95
    seed: Annotated[int, Field(ge=0)] = 0


class Job(Config):
    """The whole job file."""

    output: Name
    """Folder of the run: lists, model and report are written into it."""
    log: Log
    events: Events | None = None
    grades: Annotated[tuple[GradeRule, ...], Field(strict=False)] = ()
    features: Features
    lists: ListLimits = ListLimits()
    split: SplitShares = SplitShares()
    towers: TowersConfig = TowersConfig()
    loss: LossConfig = LossConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: Evaluation = Evaluation()

    @property
    def id_columns(self) -> frozenset[str]:
        """Columns of the log that hold ids."""
        session = {self.log.session} if self.log.session else set()
        features = {*self.features.query.ids, *self.features.document.ids}
        return frozenset({self.log.query, self.log.document, *session, *features})

    @property
    def recipe(self) -> Recipe:
        """What the job says of the model and its training."""
        return Recipe(towers=self.towers, loss=self.loss, training=self.training)

    @model_validator(mode="after")
    def _keys_agree(self) -> "Job":
        if bool(self.grades) == bool(self.log.grade):
            raise ConfigError(
                key="grades", rule="give either [[grades]] rules or log.grade, not both or none"
            )
        if self.events and not self.log.session:
            raise ConfigError(key="log.session", rule="is needed to attribute [events]")
        if self.lists.min_documents > self.lists.max_documents:
            rule = f"must be at most lists.max_documents ({self.lists.max_documents})"
            raise ConfigError(key="lists.min_documents", rule=rule, found=self.lists.min_documents)
        if self.split.validation + self.split.test >= 1:
            rule = f"must leave lists for training beside split.test ({self.split.test})"
            raise ConfigError(key="split.validation", rule=rule, found=self.split.validation)
        cutoffs = self.evaluation.cutoffs
        if len(set(cutoffs)) < len(cutoffs):
            raise ConfigError(key="evaluation.cutoffs", rule="must differ", found=list(cutoffs))
        if not self.features.document.names:
            raise ConfigError(key="features.document", rule="must name at least one column")
        for side in ("query", "document"):
            names = getattr(self.features, side).names
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ConfigError(
                    key=f"features.{side}", rule="names a column twice", found=twice[0]
                )
        return self


def load_job(path: Path) -> Job:
    """Read and check a job file.

    Args:
        path: The TOML file.

    Raises:
        ConfigError: The file is missing or not TOML, or a value breaks a rule.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(key=str(path), rule=f"cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(key=str(path), rule=f"is not TOML ({error})") from None
    try:
        return parse_job(table)
    except ConfigError as error:
        raise ConfigError(key=f"{path}: {error.key}", rule=error.rule, found=error.found) from None


def parse_job(table: dict[str, Any]) -> Job:
    """Check a job given as nested dicts, e.g. the one that a manifest carries.

    Raises:
        ConfigError: A value breaks a rule.

    Example:
        >>> parse_job({"output": "runs", "log": {"path": "log.parquet"}, "traning": {}})
        Traceback (most recent call last):
        pipelines.errors.ConfigError: traning: unknown key; did you mean 'training'?
    """
    try:
        return Job.model_validate(table)
    except ValidationError as error:
        failure = first_failure(error)
        near = _nearest(failure.key) if failure.rule == "unknown key" else None
        rule = failure.rule + (f"; did you mean {near!r}?" if near else "")
        raise ConfigError(key=failure.key, rule=rule, found=failure.found) from None


def _nearest(key: str) -> str | None:
    """Return the key beside an unknown one that is most like it."""
    *sections, last = re.sub(r"\[\d+\]", "", key).split(".")
    section: type[BaseModel] = Job
    for name in sections:
        section = _section_of(section.model_fields[name].annotation)
    return next(iter(difflib.get_close_matches(last, section.model_fields, n=1)), None)


def _section_of(annotation: Any) -> type[BaseModel]:  # noqa: ANN401  a type of any form
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    msg = f"no section in {annotation!r}"
    raise TypeError(msg)
