"""The report of an offline evaluation: one record in, JSON, Markdown and one HTML page out."""

from pipelines.report.compare import Comparison, all_ks, compare
from pipelines.report.parts import Estimate, PositionRate
from pipelines.report.record import Data, Difference, Epoch, Ranker, Report, Rules, Split, Training
from pipelines.report.words import LOGGED_ORDER_NOTE
from pipelines.report.write import read_report, write_report

__all__ = [
    "LOGGED_ORDER_NOTE",
    "Comparison",
    "Data",
    "Difference",
    "Epoch",
    "Estimate",
    "PositionRate",
    "Ranker",
    "Report",
    "Rules",
    "Split",
    "Training",
    "all_ks",
    "compare",
    "read_report",
    "write_report",
]
