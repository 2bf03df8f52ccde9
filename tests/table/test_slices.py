from datetime import date

import polars as pl

from pipelines.table.slices import by_frequency, by_range, by_value, cuts


def test_many_numbers_are_cut_into_fifths_that_are_named_by_their_ends():
    found = by_value(pl.Series("x", range(100)))
    assert found.value_counts()["count"].to_list() == [20] * 5 or found.n_unique() == 5
    assert found[0].startswith("0 to ")


def test_many_days_are_cut_into_fifths():
    days = pl.date_range(date(2026, 1, 1), date(2026, 3, 31), eager=True)
    assert by_value(days)[0] == "2026-01-01 to 2026-01-18"


def test_of_many_words_the_most_frequent_are_kept():
    words = pl.Series("x", [f"w{at}" for at in range(40) for _ in range(40 - at)])
    found = by_value(words)
    assert found.n_unique() == 20
    assert {found[0], found[-1]} == {"w0", "(others)"}


def test_queries_of_equal_frequency_are_never_parted():
    assert set(by_frequency(pl.Series("x", ["a", "b", "c", "d"]))) == {"head"}


def test_a_missing_query_is_a_query_too():
    assert by_frequency(pl.Series("x", ["a", None, None])).null_count() == 0


def test_lists_are_cut_by_columns_first_then_by_length():
    lists = pl.DataFrame({"query": ["a", "b"], "by/device": ["x", None], "documents": [1, 7]})
    found = {cut.by: cut.values.to_list() for cut in cuts(lists, frequency=None, first="")}
    assert found == {"device": ["x", "(none)"], "documents in the list": ["1", "6 to 10"]}


def test_a_range_of_one_is_one_number():
    assert by_range(pl.Series([2, 3]), (1, 2, 4)).to_list() == ["2", "3 to 4"]


def test_whole_numbers_are_named_without_a_point():
    assert by_value(pl.Series([1.0, None, 2.0])).to_list() == ["1", "(none)", "2"]
    assert by_value(pl.Series([1.0, 2.5])).to_list() == ["1.0", "2.5"]
