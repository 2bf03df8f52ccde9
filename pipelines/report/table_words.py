"""The metrics of a table as lines for a terminal."""

from collections.abc import Iterator, Sequence

from pipelines.report.parts import Estimate
from pipelines.report.table_record import Measure
from pipelines.report.table_tables import BLANK, chance
from pipelines.report.words import count, interval, number, signed


def metric_lines(metrics: Sequence[Measure], blank: str) -> Iterator[str]:
    """Give one line per metric: the mean, its interval, the lists behind it, the difference."""
    width = max(len(one.name) for one in metrics)
    for one in metrics:
        found = one.candidate
        line = f"{one.name:<{width}}  {_told(found)}  over {count(found.lists)} lists"
        if found.blank:
            line += f" ({count(found.blank)} without a value: {BLANK[blank]})"
        if one.baseline and one.difference:
            line += f"; baseline {number(one.baseline.value, 4)}, {_difference(one.difference)}"
        yield line + (f", p {chance(one.p)}" if one.p is not None else "")


def _told(estimate: Estimate) -> str:
    return f"{number(estimate.value, 4)}{_ends(estimate)}"


def _difference(estimate: Estimate) -> str:
    return f"{signed(estimate.value)}{_ends(estimate, sign=True)}"


def _ends(estimate: Estimate, *, sign: bool = False) -> str:
    return "" if estimate.low is None else f" {interval(estimate, sign=sign)}"
