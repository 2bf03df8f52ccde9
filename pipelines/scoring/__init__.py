"""Scoring: rows of a log to scores, in Python (`Ranker`) and as a job (`score_log`)."""

from pipelines.scoring._log import score_log
from pipelines.scoring._ranker import Ranker
from pipelines.scoring._record import Scored

__all__ = ["Ranker", "Scored", "score_log"]
