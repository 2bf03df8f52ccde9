"""One frame of whole lists: what its rows amount to."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from pipelines.errors import TableError
from pipelines.table.check import Policy, mended, problems, refuse, refused
from pipelines.table.columns import (
    BASELINE,
    BY,
    DOCUMENT,
    FREQUENCY,
    JUDGED,
    LABEL,
    POSITION,
    QUERY,
    RETRIEVED,
    SCORE,
    WEIGHT,
    Columns,
)
from pipelines.table.metrics import Scores, Scoring, list_values
from pipelines.table.whole import ROW

DOCUMENTS, FIRST = "documents", "first relevant"
AGAINST = "baseline: "
"""Prefix of the baseline's metrics."""

BINS = 20
"""Equal bins of the score in a reliability curve."""


@dataclass(kw_only=True, slots=True)
class Sums:
    """What frames of whole lists amount to: the parts of :class:`Measured` before they are one."""

    rows: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    lists: list[pl.DataFrame] = field(default_factory=list)
    positions: list[pl.DataFrame] = field(default_factory=list)
    reliability: list[pl.DataFrame] = field(default_factory=list)
    is_share: bool = True
    """Whether every score lies between 0 and 1."""

    def count(self, what: str, number: int) -> None:
        """Count something unusual."""
        if number:
            self.counts[what] = self.counts.get(what, 0) + number

    def add(self, other: "Sums") -> None:
        """Take in what another frame amounts to."""
        self.rows += other.rows
        for what, number in other.counts.items():
            self.count(what, number)
        self.lists += other.lists
        self.positions += other.positions
        self.reliability += other.reliability
        self.is_share &= other.is_share


class Frames:
    """One way of measuring frames of whole lists; nothing is kept from frame to frame."""

    def __init__(
        self,
        table: pl.LazyFrame,
        columns: Columns,
        scoring: Scoring,
        policy: Policy,
        *,
        curves: bool,
    ) -> None:
        self.table, self.columns, self.scoring, self.policy = table, columns, scoring, policy
        self.parts = table.collect_schema().names()
        self.problems = problems(self.parts, shares=any(one.is_pooled for one in scoring.metrics))
        self.curves = curves

    def sums(self, rows: pl.DataFrame) -> Sums:
        """Measure one frame.

        Raises:
            TableError: A row cannot be used, and no rule says what to do with it.
        """
        sums = Sums(rows=rows.height)
        lists = self._lists(self._checked(rows, sums), sums)
        if lists.height:
            sums.lists.append(lists)
        return sums

    def _checked(self, rows: pl.DataFrame, sums: Sums) -> pl.DataFrame:
        counts = rows.select(**self.problems).row(0, named=True)
        if found := refused(counts, self.policy):
            raise refuse(self.table, found, self.columns.parts)
        for what, number in counts.items():
            sums.count(what, number)
        return mended(rows.lazy(), self.policy).collect() if any(counts.values()) else rows

    def _lists(self, rows: pl.DataFrame, sums: Sums) -> pl.DataFrame:
        rows, judged = self._usable(rows, sums)
        if not rows.height:
            return pl.DataFrame()
        runs = rows[QUERY].rle().struct
        lengths = runs.field("len")
        counts = lengths.to_numpy()
        heads: pl.DataFrame = rows.select(QUERY, ROW, *self._of_a_list())[counts.cumsum() - counts]
        self._look_at(rows, heads, lengths, sums)
        found = heads.with_columns(lengths.cast(pl.UInt32).alias(DOCUMENTS))
        if self.curves:
            self._curves(rows, sums)
            found = self._with_first(rows, found)
        return found.with_columns(self._metrics(rows, lengths, judged))

    def _usable(self, rows: pl.DataFrame, sums: Sums) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """The rows that were ranked, and beside them all that were judged, of the same lists."""
        if JUDGED not in self.parts:
            return rows, None
        known = pl.col(JUDGED).any().over(QUERY)
        ranked = pl.col(RETRIEVED).any().over(QUERY)
        sums.count("queries without judgments", rows.filter(~known)[QUERY].n_unique())
        sums.count("judged queries that were not ranked", rows.filter(~ranked)[QUERY].n_unique())
        both = rows.filter(known & ranked)
        sums.count("ranked documents without judgment", both.filter(~pl.col(JUDGED)).height)
        return both.filter(RETRIEVED), both.filter(JUDGED)

    def _of_a_list(self) -> list[str]:
        return [name for name in self.parts if name in (WEIGHT, FREQUENCY) or name.startswith(BY)]

    def _look_at(
        self, rows: pl.DataFrame, heads: pl.DataFrame, lengths: pl.Series, sums: Sums
    ) -> None:
        names = self._of_a_list()
        if names:
            of_list = pl.Series(range(heads.height), dtype=pl.UInt32).repeat_by(lengths).explode()
            first = heads.select(names)[of_list]
            for name in names:
                other = rows[name].ne_missing(first[name])
                changed = of_list.filter(other).n_unique()
                sums.count(f"lists in which {self.columns.parts[name]} differs", changed)
        if DOCUMENT in self.parts:
            twice = rows.select(pl.struct(QUERY, DOCUMENT).is_duplicated().sum()).item()
            if twice and self.policy.duplicates == "refuse":
                raise self._duplicates()
            sums.count("rows of a document that is in its list more than once", twice)

    def _duplicates(self) -> TableError:
        pairs = pl.struct(QUERY, DOCUMENT)
        counted = self.table.select(pairs.is_duplicated().sum()).collect(engine="streaming")
        name = self.columns.parts[DOCUMENT]
        return TableError(
            f"document column {name!r} must not name a document twice in a list (--duplicates keep"
            f" takes them as two documents); got {counted.item():,} rows that do"
        )

    def _metrics(
        self, rows: pl.DataFrame, lengths: pl.Series, judged: pl.DataFrame | None
    ) -> Iterator[pl.Series]:
        for part, prefix in ((SCORE, ""), (BASELINE, AGAINST)):
            if part in self.parts:
                scores = Scores(rows=rows, lengths=lengths, score=part, judged=judged)
                yield from list_values(scores, self.scoring, prefix)

    def _with_first(self, rows: pl.DataFrame, lists: pl.DataFrame) -> pl.DataFrame:
        """Add the logged position of each list's first relevant document."""
        if POSITION not in self.parts:
            return lists
        first = (
            rows.filter(pl.col(LABEL) > 0).group_by(QUERY).agg(pl.col(POSITION).min().alias(FIRST))
        )
        return lists.join(first, on=QUERY, how="left", maintain_order="left")

    def _curves(self, rows: pl.DataFrame, sums: Sums) -> None:
        relevant = (pl.col(LABEL) > 0).sum().alias("clicked")
        if POSITION in self.parts:
            at = pl.col(POSITION).cast(pl.Int64, strict=False).alias("position")
            counted = rows.group_by(at).agg(pl.len().alias("documents"), relevant)
            sums.positions.append(counted.drop_nulls())
        sums.is_share = rows.select(pl.col(SCORE).is_between(0, 1).all()).item()
        if sums.is_share:
            at = (pl.col(SCORE) * BINS).floor().clip(upper_bound=BINS - 1).cast(pl.Int64)
            total = pl.col(SCORE).cast(pl.Float64).sum().alias("score")
            counted = rows.group_by(at.alias("bin")).agg(
                pl.len().alias("documents"), total, relevant
            )
            sums.reliability.append(counted)
