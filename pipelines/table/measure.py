"""Measure a whole table, frame by frame of whole lists, on as many threads as polars uses."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl

from pipelines.table.check import Policy
from pipelines.table.columns import QUERY, Columns
from pipelines.table.frame import Frames, Sums
from pipelines.table.metrics import Scoring
from pipelines.table.quick import is_quick
from pipelines.table.whole import (
    MEMORY_BYTES,
    PARTS,
    ROW,
    ListComesBackError,
    in_file_order,
    sorted_by_list,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What a table's rows amount to.

    Attributes:
        lists: One row per list in the order of the table: query, documents, relevant, the columns
            that lists are weighted and sliced by, and every metric, null where it is undefined.
        rows: Rows that were read.
        counts: Rows or lists by what was unusual about them; never 0.
        positions: position, documents, clicked: documents with a label above 0 at each position.
        reliability: bin, documents, score (sum), clicked: by bins of a score that is a probability.
        in_order: Whether the rows of each list lay one after another.
    """

    lists: pl.DataFrame
    rows: int
    counts: dict[str, int]
    positions: pl.DataFrame | None = None
    reliability: pl.DataFrame | None = None
    in_order: bool = True


def measure(
    table: pl.LazyFrame,
    columns: Columns,
    scoring: Scoring,
    policy: Policy,
    *,
    curves: bool = False,
    memory_bytes: int = MEMORY_BYTES,
    parts: int = PARTS,
    each: Callable[[], None] = lambda: None,
) -> Measured:
    """Measure every list of a table in memory that is bounded by its lists, not its rows.

    Args:
        table: Rows under the names of their parts.
        columns: The table's own names of them, for messages.
        scoring: The metrics.
        policy: What to do with rows that can be used in more than one way.
        curves: Also sum up the position and the reliability curve.
        memory_bytes: Rows in another order than that of lists are scattered on the disk beyond it.
        parts: Number of parts they are scattered to.
        each: Called after each frame of lists.

    Raises:
        TableError: A row cannot be used, and no rule says what to do with it.
    """
    frames = Frames(table, columns, scoring, policy, curves=curves)
    try:
        sums = _sum(frames, in_file_order(table), each)
        found, in_order = _one_frame(sums), True
        if found[QUERY].n_unique() < found.height:
            raise ListComesBackError
    except ListComesBackError:
        rows = sorted_by_list(table, memory_bytes=memory_bytes, parts=parts)
        sums = _sum(frames, rows, each)
        found, in_order = _one_frame(sums).sort(ROW), False
    return Measured(
        lists=found.drop(ROW),
        rows=sums.rows,
        counts=sums.counts,
        positions=_added(sums.positions, "position"),
        reliability=_added(sums.reliability if sums.is_share else [], "bin"),
        in_order=in_order,
    )


def _sum(frames: Frames, given: Iterable[pl.DataFrame], each: Callable[[], None]) -> Sums:
    """Measure frames side by side, and add up in their order what they amount to."""
    total, workers = Sums(), pl.thread_pool_size()
    waiting: deque[Future[Sums]] = deque()
    with _threads(workers, frames) as pool:
        try:
            for rows in given:
                waiting.append(pool.submit(frames.sums, rows))
                if len(waiting) > workers:
                    total.add(waiting.popleft().result())
                    each()
            while waiting:
                total.add(waiting.popleft().result())
                each()
        finally:
            pool.shutdown(cancel_futures=True)
    return total


@contextmanager
def _threads(number: int, frames: Frames) -> Iterator[ThreadPoolExecutor]:
    """Give threads that measure frames."""
    if is_quick(frames.scoring.metrics, frames.scoring.arguments, frames.parts):
        with ThreadPoolExecutor(number) as pool:
            yield pool
        return
    import torch

    # A frame is small for torch's own threads, and much of a metric cannot be split among them.
    own = torch.get_num_threads()
    with ThreadPoolExecutor(number, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        yield pool
    torch.set_num_threads(own)


def _one_frame(sums: Sums) -> pl.DataFrame:
    return pl.concat(sums.lists) if sums.lists else pl.DataFrame({QUERY: [], ROW: []})


def _added(frames: list[pl.DataFrame], key: str) -> pl.DataFrame | None:
    if not frames:
        return None
    return pl.concat(frames).group_by(key).sum().sort(key)
