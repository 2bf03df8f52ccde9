import polars as pl
import pytest

from pipelines.table import whole
from pipelines.table.columns import QUERY
from pipelines.table.whole import ROW, ListComesBackError, in_file_order, sorted_by_list


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(whole, "ROWS_AT_A_TIME", 4)


def rows(queries):
    return pl.LazyFrame({QUERY: queries, "value": range(len(queries))})


def lists(frames):
    """Every list as its query and the numbers of its rows."""
    return [
        (part[QUERY][0], part[ROW].to_list())
        for frame in frames
        for part in frame.partition_by(QUERY, maintain_order=True)
    ]


def test_lists_that_lie_together_come_whole_and_in_file_order():
    table = rows([*"aaabbbbbbbbbcd", *"e" * 9])
    assert lists(in_file_order(table)) == [
        ("a", [0, 1, 2]),
        ("b", [*range(3, 12)]),
        ("c", [12]),
        ("d", [13]),
        ("e", [*range(14, 23)]),
    ]


def test_a_list_that_comes_back_is_noticed():
    with pytest.raises(ListComesBackError):
        list(in_file_order(rows([*"aba"])))


@pytest.mark.parametrize("memory_bytes", [0, 10**9])
def test_rows_in_any_order_come_as_whole_lists_from_disk_and_from_memory(memory_bytes):
    queries = [*"abcabcaddbe"] * 3
    found = lists(sorted_by_list(rows(queries), memory_bytes=memory_bytes, parts=3))
    want = [(q, [at for at, other in enumerate(queries) if other == q]) for q in "abcde"]
    assert sorted(found) == want


def test_a_table_without_rows_has_no_lists():
    table = pl.LazyFrame({QUERY: []}, schema={QUERY: pl.String})
    assert lists(in_file_order(table)) == lists(sorted_by_list(table)) == []
