"""Make the next items in a thread while the present one is worked on."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

import torch

T = TypeVar("T")
_END: Final = object()


def prefetched(items: Iterator[T], ahead: int) -> Iterator[T]:
    """The same items, of which up to ``ahead`` are made by a thread before they are asked for.

    One thread is enough, and a process would only copy: what batches are made of (torch's
    operations) lets other threads run meanwhile. Its operations have no threads of their own: they
    are small, and would take the cores from the consumer's. An error is raised where its item would
    have come.

    Args:
        items: Used by the thread alone from now on.
        ahead: At least 1.

    Example:
        >>> list(prefetched(iter("abc"), 2))
        ['a', 'b', 'c']
    """
    with ThreadPoolExecutor(1, "prefetch", torch.set_num_threads, (1,)) as thread:
        waiting: deque[Future[object]] = deque()
        try:
            while True:
                while len(waiting) <= ahead:
                    waiting.append(thread.submit(next, items, _END))
                item = waiting.popleft().result()
                if item is _END:
                    return
                yield item  # type: ignore[misc]  # all but the mark of the end are of type T
        finally:
            # Also when the consumer stops early: what has not been begun is not wanted any more.
            thread.shutdown(wait=True, cancel_futures=True)
