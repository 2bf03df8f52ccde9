"""The whole job file, and the rules that bind its sections to each other."""

import datetime
from typing import Annotated

from pydantic import Field, model_validator

from ltr.recipe import LossConfig, Recipe, TowersConfig
from pipelines.config._base import Config, Name
from pipelines.config._checkpoints import Checkpoints
from pipelines.config._drift import Drift
from pipelines.config._evaluation import Evaluation
from pipelines.config._events import Events
from pipelines.config._features import Features
from pipelines.config._filters import Filter
from pipelines.config._gate import Gate
from pipelines.config._grades import ACTED_COLUMNS, Acted, GradeRule
from pipelines.config._leakage import Leakage
from pipelines.config._lists import ListLimits
from pipelines.config._log import Log
from pipelines.config._nightly import Nightly
from pipelines.config._notify import Notify
from pipelines.config._prepare import Preparation
from pipelines.config._propensity import Propensity
from pipelines.config._split import Parts
from pipelines.config._tracking import Tracking
from pipelines.config._training import Training
from pipelines.errors import ConfigError


class Job(Config):
    """The whole job file."""

    output: Name
    """Folder of the run: lists, model and report are written into it."""
    date: Annotated[datetime.date, Field(strict=False)] | None = None
    """Last day of the log's window; ``--date`` goes before it."""
    log: Log
    events: Events | None = None
    acted: Acted | None = None
    grades: Annotated[tuple[GradeRule, ...], Field(strict=False)] = ()
    features: Features
    filters: Annotated[tuple[Filter, ...], Field(strict=False)] = ()
    propensity: Propensity | None = None
    lists: ListLimits = ListLimits()
    split: Parts = Parts()
    leakage: Leakage = Leakage()
    prepare: Preparation = Preparation()
    towers: TowersConfig = TowersConfig()
    loss: LossConfig = LossConfig()
    training: Training = Training()
    checkpoints: Checkpoints = Checkpoints()
    tracking: Tracking = Tracking()
    evaluation: Evaluation = Evaluation()
    drift: Drift = Drift()
    nightly: Nightly = Nightly()
    gate: Gate = Gate()
    notify: Notify = Notify()

    @property
    def id_columns(self) -> frozenset[str]:
        """Columns of the log that hold ids."""
        session = {self.log.session} if self.log.session else set()
        features = {*self.features.query.ids, *self.features.document.ids}
        keys = {key for key in (self.split.column, self.leakage.key) if key}
        return frozenset({self.log.query, self.log.document, *session, *features, *keys})

    @property
    def made_columns(self) -> dict[str, str]:
        """Columns that rules may read beside the log's own, each with the key that makes it."""
        made = dict(self.events.made) if self.events else {}
        return {**made, **(dict.fromkeys(ACTED_COLUMNS, "acted") if self.acted else {})}

    @property
    def end(self) -> datetime.datetime | None:
        """The moment at which the last day of the window is over; rows after it are wrong."""
        if self.date is None:
            return None
        return datetime.datetime.combine(self.date, datetime.time()) + datetime.timedelta(days=1)

    @property
    def recipe(self) -> Recipe:
        """What the job says of the model and its training."""
        return Recipe(towers=self.towers, loss=self.loss, training=self.training.config)

    @model_validator(mode="after")
    def _keys_agree(self) -> "Job":
        if bool(self.grades) == bool(self.log.grade):
            raise ConfigError(
                key="grades", rule="give either [[grades]] rules or log.grade, not both or none"
            )
        for key in ("session", "time"):
            if self.events and not getattr(self.log, key):
                raise ConfigError(key=f"log.{key}", rule="is needed to attribute [events]")
        if self.lists.max_per_session and not self.log.session:
            raise ConfigError(key="log.session", rule="is needed for lists.max_per_session")
        if self.leakage.known_at and not self.log.time:
            raise ConfigError(key="log.time", rule="is needed for leakage.known_at")
        if self.date and not self.log.days:
            raise ConfigError(key="log.days", rule="is needed where a date is given")
        if self.log.qrels and self.log.format != "trec":
            raise ConfigError(key="log.qrels", rule='goes with log.format = "trec"')
        names = [one.name for one in self.filters]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ConfigError(key="filters", rule="names must differ", found=twice[0])
        _check_made(self)
        if self.propensity:
            self.propensity.check()
        for key in ("loss", "evaluation"):
            if getattr(self, key).unbiased and not self.propensity:
                raise ConfigError(key=f"{key}.unbiased", rule="needs a [propensity] section")
        _check_grades(self.grades)
        cutoffs = self.evaluation.cutoffs
        if len(set(cutoffs)) < len(cutoffs):
            raise ConfigError(key="evaluation.cutoffs", rule="must differ", found=list(cutoffs))
        self._evaluation_speaks_of_features()
        if not self.features.document.names:
            raise ConfigError(key="features.document", rule="must name at least one column")
        for side in ("query", "document"):
            names = getattr(self.features, side).names
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ConfigError(
                    key=f"features.{side}", rule="names a column twice", found=twice[0]
                )
        return self

    def _evaluation_speaks_of_features(self) -> None:
        told, features = self.evaluation, self.features.query
        ndcg = [f"ndcg@{k}" for k in told.cutoffs]
        if twice := [name for name in told.metrics if name.lower() in ndcg]:
            rule = "must not repeat NDCG at the cutoffs"
            raise ConfigError(key="evaluation.metrics", rule=rule, found=twice[0])
        asked = {"by": (told.by, (*features.ids, *features.numbers))}
        asked["frequency"] = ((told.frequency,) if told.frequency else (), features.ids)
        for key, (names, known) in asked.items():
            if others := [name for name in names if name not in known]:
                there = ", ".join(known) or "none"
                rule = f"must be an id or number of features.query; there are {there}"
                raise ConfigError(key=f"evaluation.{key}", rule=rule, found=others[0])
        if others := [name for name in self.gate.slices if name not in told.by]:
            rule = f"must be a column of evaluation.by; there are {', '.join(told.by) or 'none'}"
            raise ConfigError(key="gate.slices", rule=rule, found=others[0])


def _check_made(job: Job) -> None:
    """Refuse events that give nothing, and two columns of one name."""
    if job.events is None:
        return
    if not job.events.made:
        rule = "must make a column: give counts, sums or maxima"
        raise ConfigError(key="events", rule=rule)
    kinds = (job.events.counts, job.events.sums, job.events.maxima)
    names = [*(name for kind in kinds for name in kind), *(ACTED_COLUMNS if job.acted else ())]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(key="events", rule="makes a column that exists already", found=twice[0])


def _check_grades(rules: tuple[GradeRule, ...]) -> None:
    """Refuse two rules for one grade: the audit could not tell them apart."""
    first: dict[int, int] = {}
    for number, rule in enumerate(rules):
        if rule.grade in first:
            problem = f"is given by grades[{first[rule.grade]}] already; join the two with OR"
            raise ConfigError(key=f"grades[{number}].grade", rule=problem, found=rule.grade)
        first[rule.grade] = number
