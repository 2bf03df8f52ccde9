"""The job file: one TOML file that describes a whole job, parsed into frozen, typed models.

An error names the dotted key, the rule and the value it got; a misspelt key is answered with the
nearest right one. Paths in the file are relative to the file itself. One section, one module.
"""

from pipelines.config._checkpoints import Checkpoints
from pipelines.config._columns import MISSING, WITHIN_LIST, Column, Scale
from pipelines.config._drift import Drift, DriftRule
from pipelines.config._evaluation import Evaluation
from pipelines.config._events import Events, ValueOf, microseconds
from pipelines.config._features import FeatureKind, Features, SideFeatures
from pipelines.config._filters import Filter
from pipelines.config._gate import Gate, OffRule
from pipelines.config._grades import ACTED_COLUMNS, MAX_GRADE, Acted, GradeRule
from pipelines.config._job import Job
from pipelines.config._leakage import Leakage
from pipelines.config._lists import ListLimits
from pipelines.config._load import load_job, parse_job
from pipelines.config._log import Format, Log
from pipelines.config._nightly import Nightly
from pipelines.config._notify import Notify
from pipelines.config._prepare import Preparation
from pipelines.config._propensity import Estimate, Propensity
from pipelines.config._split import Parts
from pipelines.config._tracking import Tracking
from pipelines.config._training import PREVIOUS, Training

__all__ = [
    "ACTED_COLUMNS",
    "MAX_GRADE",
    "MISSING",
    "PREVIOUS",
    "WITHIN_LIST",
    "Acted",
    "Checkpoints",
    "Column",
    "Drift",
    "DriftRule",
    "Estimate",
    "Evaluation",
    "Events",
    "FeatureKind",
    "Features",
    "Filter",
    "Format",
    "Gate",
    "GradeRule",
    "Job",
    "Leakage",
    "ListLimits",
    "Log",
    "Nightly",
    "Notify",
    "OffRule",
    "Parts",
    "Preparation",
    "Propensity",
    "Scale",
    "SideFeatures",
    "Tracking",
    "Training",
    "ValueOf",
    "load_job",
    "microseconds",
    "parse_job",
]
