"""The report's tables as text, once, for Markdown and for HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import JsonValue

from pipelines.report.parts import CURVE_KS
from pipelines.report.record import Data, Report, Training
from pipelines.report.words import (
    blank_policy,
    count,
    gain,
    interval,
    number,
    percent,
    share,
    signed,
    unbiased,
)


class Cell(NamedTuple):
    """A number, what is said more quietly behind it, and the number that it is sorted by."""

    text: str
    detail: str = ""
    key: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table whose first column names its rows.

    Attributes:
        title: What the table shows.
        head: Names of the columns.
        rows: Cells, as many per row as names in ``head``.
        prose: True if the cells are words, to be set from the left.
        sortable: True if a reader may want other rows first.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    prose: bool = False
    sortable: bool = False


def quality(report: Report) -> Table:
    """Every ranker at every cutoff, with intervals."""
    cutoffs = report.rules.cutoffs
    rows = tuple(
        (
            Cell(ranker.name),
            *(Cell(number(ranker.ndcg[k].value), interval(ranker.ndcg[k])) for k in cutoffs),
        )
        for ranker in report.rankers
    )
    title = f"NDCG by ranker, with {percent(report.rules.confidence)} intervals"
    return Table(title=title, head=("ranker", *(f"NDCG@{k}" for k in cutoffs)), rows=rows)


def differences(report: Report) -> Table:
    """Model minus best baseline at every cutoff, and the lists behind it."""
    rows = tuple(
        (
            Cell(f"NDCG@{one.cutoff}"),
            Cell(one.baseline),
            Cell(signed(one.estimate.value), interval(one.estimate, sign=True)),
            Cell(count(one.estimate.lists)),
            Cell(count(one.estimate.blank)),
        )
        for one in report.differences
    )
    head = ("metric", "best baseline", "model minus baseline", "lists that count", "blank lists")
    return Table(title="Paired difference to the best baseline", head=head, rows=rows)


def by_k(report: Report) -> Table:
    """NDCG at every k of the curve."""
    rows = tuple(
        (Cell(str(k)), *(Cell(number(ranker.by_k[at])) for ranker in report.rankers))
        for at, k in enumerate(CURVE_KS)
    )
    head = ("k", *(ranker.name for ranker in report.rankers))
    return Table(title="NDCG by k", head=head, rows=rows)


def positions(report: Report) -> Table:
    """Click rate at every logged position."""
    rows = tuple(
        (
            Cell(str(one.position)),
            Cell(count(one.documents)),
            Cell(count(one.clicked)),
            Cell(share(one.clicked, one.documents)),
        )
        for one in report.positions
    )
    head = ("position", "documents", "with a grade above 0", "share")
    return Table(title="Click rate by logged position", head=head, rows=rows)


def epochs(training: Training) -> Table:
    """The learning curve in numbers."""
    rows = tuple(
        (
            Cell(str(one.epoch), "best" if one.epoch == training.best_epoch else ""),
            Cell(number(one.train_loss, 4)),
            Cell(number(one.validation_ndcg, 4)),
        )
        for one in training.epochs
    )
    return Table(title="Learning curve", head=("epoch", "train loss", "validation NDCG"), rows=rows)


def model(training: Training) -> Table:
    """Loss, towers and the epoch that was kept."""
    arguments = ", ".join(f"{name} = {value}" for name, value in training.arguments.items())
    rows = (
        (Cell("loss"), Cell(training.loss, arguments)),
        *(
            (Cell(f"towers: {name}"), Cell(_sizes(value)))
            for name, value in training.towers.items()
        ),
        (Cell("epoch kept"), Cell(f"{training.best_epoch} of {len(training.epochs)}")),
    )
    return Table(title="What was trained", head=("part", "setting"), rows=rows, prose=True)


def _sizes(value: JsonValue) -> str:
    return " → ".join(map(str, value)) if isinstance(value, list) else str(value)


def log_rows(data: Data) -> Table:
    """What became of the rows of the log."""
    used = {"kept": data.rows.kept}
    used |= {f"left out: {name}": number for name, number in data.rows.filtered.items()}
    return _fates("Rows of the log", data.rows.read, used, data.rows.rejected)


def events(data: Data) -> Table | None:
    """What became of the events, if the job has any."""
    if data.events is None:
        return None
    found = data.events
    return _fates("Events", found.read, {"attributed": found.attributed}, found.rejected)


def _fates(title: str, read: int, used: Mapping[str, int], rejected: Mapping[str, int]) -> Table:
    fates = {"read": read, **used, **{f"rejected: {k}": n for k, n in rejected.items()}}
    rows = tuple((Cell(name), Cell(count(n)), Cell(share(n, read))) for name, n in fates.items())
    return Table(title=title, head=("outcome", "rows", "share"), rows=rows)


def splits(data: Data) -> Table:
    """Lists, documents and grades of the three parts."""
    grades = sorted({grade for split in data.splits.values() for grade in split.grades})
    rows = tuple(
        (
            Cell(name),
            Cell(count(split.lists)),
            Cell(count(split.documents)),
            *(Cell(count(split.grades.get(grade, 0))) for grade in grades),
            Cell(split.first),
            Cell(split.last),
        )
        for name, split in data.splits.items()
    )
    head = ("part", "lists", "documents", *(f"grade {grade}" for grade in grades), "from", "to")
    return Table(title="Lists, documents and grades", head=head, rows=rows)


def rules(report: Report) -> Table:
    """The definition of every number."""
    said, cutoffs = report.rules, ", ".join(map(str, report.rules.cutoffs))
    found = {
        "gain of a document": gain(said) + unbiased(said),
        "discount at rank r": "1 / log2(1 + r), none beyond the cutoff",
        "tied scores": f"{said.ties}: each gets the mean discount of the ranks they share",
        "lists without a relevant document": blank_policy(said),
        "cutoffs": cutoffs,
        "interval": f"{percent(said.confidence)} percentile bootstrap over lists, "
        f"{count(said.resamples)} resamples, seed {said.seed}",
        "best baseline": "the one with the highest mean on these lists, at each cutoff",
    }
    rows = tuple((Cell(name), Cell(rule)) for name, rule in found.items())
    return Table(title="How the numbers are defined", head=("what", "rule"), rows=rows, prose=True)
