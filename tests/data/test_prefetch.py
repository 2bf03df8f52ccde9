import threading
from collections.abc import Iterator
from itertools import count, islice

import pytest

from ltr.data.prefetch import prefetched


def test_the_items_come_in_their_order() -> None:
    assert list(prefetched(iter(range(20)), 3)) == list(range(20))


def test_no_more_than_so_many_are_made_ahead() -> None:
    made: list[int] = []
    proceed = threading.Semaphore(0)

    def items() -> Iterator[int]:
        for item in count():
            made.append(item)
            proceed.release()
            yield item

    ahead = prefetched(items(), 2)
    assert next(ahead) == 0
    for _ in range(3):
        proceed.acquire(timeout=5)
    ahead.close()  # type: ignore[attr-defined]  # it is a generator
    assert made == [0, 1, 2]


def test_an_error_comes_in_the_place_of_its_item() -> None:
    def items() -> Iterator[int]:
        yield 1
        msg = "the second"
        raise KeyError(msg)

    ahead = prefetched(items(), 2)
    assert next(ahead) == 1
    with pytest.raises(KeyError, match="the second"):
        next(ahead)


def test_a_consumer_that_stops_early_leaves_no_thread() -> None:
    assert list(islice(prefetched(count(), 2), 3)) == [0, 1, 2]
    assert not [t for t in threading.enumerate() if t.name.startswith("prefetch")]
