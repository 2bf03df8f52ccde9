"""The job file: one TOML file that describes a whole job, parsed into frozen, typed models.

An error names the dotted key, the rule and the value it got; a misspelt key is answered with the
nearest right one. Paths in the file are relative to the file itself. One section, one module.
"""

from pipelines.config._evaluation import Evaluation
from pipelines.config._features import FeatureKind, Features, SideFeatures
from pipelines.config._grades import MAX_GRADE, GradeRule
from pipelines.config._job import Job
from pipelines.config._lists import ListLimits, SplitShares
from pipelines.config._load import load_job, parse_job
from pipelines.config._log import Events, Format, Log

__all__ = [
    "MAX_GRADE",
    "Evaluation",
    "Events",
    "FeatureKind",
    "Features",
    "Format",
    "GradeRule",
    "Job",
    "ListLimits",
    "Log",
    "SideFeatures",
    "SplitShares",
    "load_job",
    "parse_job",
]
