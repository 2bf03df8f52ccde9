"""The local engine: tasks in threads of this process, two at a time.

A task is mostly the libraries' own work, done without the interpreter's lock and partly in one
thread only; a second task fills what that leaves idle. The plan of the work allows for both.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

Task = TypeVar("Task")
Record = TypeVar("Record")

AT_A_TIME = 2


class Local:
    """Runs tasks here.

    Example:
        >>> sorted(Local().map(abs, [-1, 2]))
        [(0, 1), (1, 2)]
    """

    def map(
        self, function: Callable[[Task], Record], tasks: Sequence[Task]
    ) -> Iterator[tuple[int, Record]]:
        """Yield the number of each task and its result, as they are done."""
        with ThreadPoolExecutor(AT_A_TIME) as threads:
            number_of = {threads.submit(function, task): n for n, task in enumerate(tasks)}
            try:
                for done in as_completed(number_of):
                    yield number_of[done], done.result()
            finally:
                threads.shutdown(wait=True, cancel_futures=True)
