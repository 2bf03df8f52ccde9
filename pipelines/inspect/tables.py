"""The tables of a profile, once, for the terminal and for the page."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import log10

import numpy as np

from ltr.data.manifest import Events, Rows
from pipelines.inspect.bins import Place, length_bins, places
from pipelines.inspect.counts import Part
from pipelines.inspect.drift import left_out_of
from pipelines.inspect.profile import Profile
from pipelines.plain_text import shown as shown
from pipelines.report.tables import Cell, Table
from pipelines.report.words import MINUS, NARROW, UNDEFINED, count

BEYOND = "BEYOND"
"""The verdict on a broken rule."""
POSITIONS_SHOWN = 15
FREQUENT = 4
"""Most frequent ids that are shown of a column."""
QUANTILES = {"1 %": 0.01, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "99 %": 0.99}


@dataclass(frozen=True, slots=True)
class Shown:
    """A table, and which of its columns a bar is drawn of, if any."""

    table: Table
    bar: int | None = None


def profile_tables(profile: Profile) -> list[Shown]:
    """Every table, in the order in which one asks."""
    events = profile.manifest.events
    found = [
        Shown(parts(profile)),
        Shown(times(profile)),
        Shown(fates("Rows of the log", "in lists", profile.manifest.rows), 2),
        *([Shown(fates("Events", "attributed", events), 2)] if events else []),
        Shown(grades(profile), 2),
        Shown(lengths(profile.whole), 2),
        Shown(positions(profile.whole), 3),
        Shown(ids(profile)),
        Shown(frequent(profile)),
        Shown(numbers(profile)),
    ]
    return [one for one in found if one.table.rows]


def parts(profile: Profile) -> Table:
    """Lists, documents and what is odd among them."""
    counted: dict[str, Part] = {str(name): part for name, part in profile.parts.items()}
    if len(counted) > 1:
        counted["all"] = profile.whole
    rows = tuple(
        (
            Cell(name),
            Cell(count(part.lists)),
            Cell(count(part.documents)),
            Cell(f"{part.documents / part.lists:.1f}" if part.lists else UNDEFINED),
            Cell(share(part.relevant.hits, part.relevant.units)),
            Cell(count(part.blank.hits), share(part.blank.hits, part.lists)),
            Cell(count(part.single), share(part.single, part.lists)),
        )
        for name, part in counted.items()
    )
    head = ("part", "lists", "documents", "per list", "relevant", "blank", "single document")
    return Table(title="Lists", head=head, rows=rows)


def times(profile: Profile) -> Table:
    """When the lists of each part were first shown."""
    splits = {part: profile.manifest.splits[part] for part in profile.parts}
    rows = tuple(
        (Cell(part), Cell(split.first or UNDEFINED), Cell(split.last or UNDEFINED))
        for part, split in splits.items()
    )
    return Table(title="Times", head=("part", "from", "to"), rows=rows)


def fates(title: str, used: str, counts: Rows | Events) -> Table:
    """What became of the rows that were read."""
    kept = counts.kept if isinstance(counts, Rows) else counts.attributed
    left_out = sorted(left_out_of(counts).items(), key=lambda one: -one[1])
    found = {used: kept, **{f"not: {reason}": number for reason, number in left_out}}
    rows = tuple(
        (Cell(name), Cell(count(number)), Cell(share(number, counts.read), "", number))
        for name, number in found.items()
    )
    return Table(title=f"{title}: {count(counts.read)} read", head=("", "", "share"), rows=rows)


def grades(profile: Profile) -> Table:
    """Documents per grade: all, and the share in each part."""
    whole, several = profile.whole, len(profile.parts) > 1
    beside = profile.parts if several else {}
    rows = tuple(
        (
            Cell(str(grade)),
            Cell(count(int(whole.grades[grade]))),
            _share(int(whole.grades[grade]), whole.documents),
            *(Cell(share(int(part.grades[grade]), part.documents)) for part in beside.values()),
        )
        for grade in np.flatnonzero(whole.grades).tolist()
    )
    return Table(title="Grades", head=("grade", "documents", "share", *beside), rows=rows)


def lengths(part: Part) -> Table:
    """Lists by their number of documents."""
    rows = tuple(
        (Cell(one.label), Cell(count(one.lists)), _share(one.lists, part.lists))
        for one in length_bins(part.lengths)
    )
    return Table(title="Lengths", head=("documents", "lists", "share"), rows=rows)


def positions(part: Part) -> Table:
    """Documents and the share of relevant ones at each logged position."""
    found = places(part)
    rows = [_place(str(one.position), [one]) for one in found[:POSITIONS_SHOWN]]
    if rest := found[POSITIONS_SHOWN:]:
        rows.append(_place(f"{rest[0].position}\N{EN DASH}{rest[-1].position}", rest))
    head = ("position", "documents", "relevant", "share relevant")
    return Table(title="Logged positions", head=head, rows=tuple(rows))


def ids(profile: Profile) -> Table:
    """Vocabularies: how much of each is used, and how often an id is unknown."""
    rows = []
    for column, found in profile.whole.ids.items():
        values = int(found.counts.sum())
        rows.append(
            (
                Cell(shown(column)),
                Cell(count(len(found.counts))),
                Cell(share(found.used, len(found.counts) - 1)),
                _share(found.unseen.hits, found.unseen.units),
                *(
                    Cell(share(part.ids[column].unseen.hits, part.ids[column].unseen.units))
                    for part in profile.parts.values()
                ),
                Cell(f"{values / found.rows:.1f}" if found.rows else UNDEFINED),
            )
        )
    head = ("column", "vocabulary", "used", "unseen", *profile.parts, "per row")
    return Table(title="Ids", head=head, rows=tuple(rows))


def frequent(profile: Profile) -> Table:
    """The ids that occur most often in each column."""
    rows = tuple(
        (Cell(shown(column)), Cell(_frequent(profile, column))) for column in profile.whole.ids
    )
    return Table(title="Most frequent ids", head=("column", "ids"), rows=rows, prose=True)


def numbers(profile: Profile) -> Table:
    """Quantiles of every number, as the log wrote them where the encoder tells how."""
    rows = tuple(
        (
            Cell(shown(column), "" if profile.decoder.scales_back(column) else "as scaled"),
            Cell(plain(found.quantile(0))),
            *(Cell(plain(found.quantile(at))) for at in QUANTILES.values()),
            Cell(plain(found.quantile(1))),
            Cell(plain(found.mean())),
        )
        for column, found in profile.whole.numbers.items()
    )
    head = ("column", "least", *QUANTILES, "most", "mean")
    return Table(title="Numbers", head=head, rows=rows)


def plain(value: float | None) -> str:
    """Write a number with about four digits that count.

    Example:
        >>> plain(1234.5678), plain(0.000123456), plain(-2.5), plain(None), plain(16.0)
        ('1,235', '0.0001235', '−2.5', '–', '16')
    """
    if value is None:
        return UNDEFINED
    size = abs(value)
    if size and not 1e-4 <= size < 1e9:
        return f"{value:.4g}".replace("-", MINUS)
    digits = max(3 - int(np.floor(log10(size))), 0) if size else 0
    text = f"{value:,.{digits}f}"
    return (text.rstrip("0").rstrip(".") if digits else text).replace("-", MINUS)


def share(part: int, whole: int) -> str:
    """Write a share in percent; what is not nothing does not read as 0.

    Example:
        >>> share(1, 8), share(3, 100_000), share(0, 7), share(0, 0)
        ('12.5\u202f%', '0.003\u202f%', '0\u202f%', '–')
    """
    return UNDEFINED if not whole else percent(part / whole)


def percent(rate: float) -> str:
    """Write a rate in percent, one digit that counts at least."""
    number = f"{100 * rate:.1f}" if abs(rate) >= 0.001 else f"{100 * rate:.1g}"
    return f"{number.replace('-', MINUS)}{NARROW}%"


def _share(number: int, total: int) -> Cell:
    return Cell(share(number, total), "", number / total if total else 0.0)


def _place(label: str, found: Iterable[Place]) -> tuple[Cell, ...]:
    together = list(found)
    documents = sum(one.documents for one in together)
    relevant = sum(one.relevant for one in together)
    counted = (Cell(label), Cell(count(documents)), Cell(count(relevant)))
    return (*counted, _share(relevant, documents))


def _frequent(profile: Profile, column: str) -> str:
    counts = profile.whole.ids[column].counts
    total = int(counts.sum())
    # 0 stands in a column of its own.
    first = np.argsort(-counts[1:], kind="stable")[:FREQUENT] + 1
    names = [shown(profile.decoder.text(column, int(number)))[:24] for number in first]
    times = [int(counts[number]) for number in first]
    told = zip(names, times, strict=True)
    return ", ".join(f"{name} {share(number, total)}" for name, number in told if number)
