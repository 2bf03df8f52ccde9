"""The protocol of an engine, and the engine of a name."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol, TypeVar

from pipelines.engines._local import Local

EngineName = Literal["local", "ray"]
Task = TypeVar("Task")
Record = TypeVar("Record")


class Engine(Protocol):
    """Runs a function over tasks."""

    def map(
        self, function: Callable[[Task], Record], tasks: Sequence[Task]
    ) -> Iterator[tuple[int, Record]]:
        """Yield the number of each task and its result, as they are done, in any order.

        Args:
            function: Of a module, so that it can be named in another process. It may be run twice
                for one task, where a worker died.
            tasks: What can be pickled.
        """


def open_engine(name: EngineName) -> AbstractContextManager[Engine]:
    """Return the engine of this name, to be used in a ``with`` block.

    Raises:
        JobError: It is not installed, or its cluster cannot be reached.
    """
    if name == "local":
        return nullcontext(Local())
    from pipelines.engines._ray import on_ray

    return on_ray()
