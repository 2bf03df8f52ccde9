"""The local engine: one task after another, in this process; threads are the libraries' own."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Task = TypeVar("Task")
Record = TypeVar("Record")


class Local:
    """Runs tasks here.

    Example:
        >>> list(Local().map(abs, [-1, 2]))
        [(0, 1), (1, 2)]
    """

    def map(
        self, function: Callable[[Task], Record], tasks: Sequence[Task]
    ) -> Iterator[tuple[int, Record]]:
        """Yield the number of each task and its result."""
        for number, task in enumerate(tasks):
            yield number, function(task)
