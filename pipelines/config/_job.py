"""The whole job file, and the rules that bind its sections to each other."""

from typing import Annotated

from pydantic import Field, model_validator

from ltr.recipe import LossConfig, Recipe, TowersConfig
from pipelines.config._base import Config, Name
from pipelines.config._drift import Drift
from pipelines.config._evaluation import Evaluation
from pipelines.config._features import Features
from pipelines.config._filters import Filter
from pipelines.config._grades import GradeRule
from pipelines.config._leakage import Leakage
from pipelines.config._lists import ListLimits
from pipelines.config._log import Events, Log
from pipelines.config._prepare import Preparation
from pipelines.config._split import Parts
from pipelines.config._training import Training
from pipelines.errors import ConfigError


class Job(Config):
    """The whole job file."""

    output: Name
    """Folder of the run: lists, model and report are written into it."""
    log: Log
    events: Events | None = None
    grades: Annotated[tuple[GradeRule, ...], Field(strict=False)] = ()
    features: Features
    filters: Annotated[tuple[Filter, ...], Field(strict=False)] = ()
    lists: ListLimits = ListLimits()
    split: Parts = Parts()
    leakage: Leakage = Leakage()
    prepare: Preparation = Preparation()
    towers: TowersConfig = TowersConfig()
    loss: LossConfig = LossConfig()
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    drift: Drift = Drift()

    @property
    def id_columns(self) -> frozenset[str]:
        """Columns of the log that hold ids."""
        session = {self.log.session} if self.log.session else set()
        features = {*self.features.query.ids, *self.features.document.ids}
        keys = {key for key in (self.split.column, self.leakage.key) if key}
        return frozenset({self.log.query, self.log.document, *session, *features, *keys})

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
        if self.events and not self.log.session:
            raise ConfigError(key="log.session", rule="is needed to attribute [events]")
        if self.lists.max_per_session and not self.log.session:
            raise ConfigError(key="log.session", rule="is needed for lists.max_per_session")
        names = [one.name for one in self.filters]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ConfigError(key="filters", rule="names must differ", found=twice[0])
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
