import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.encoder._vocabulary import Vocabulary


def vocabulary(counts, previous=None, **limits):
    frame = pl.DataFrame(list(counts.items()), schema=["id", "count"], orient="row").cast(
        {"id": pl.String, "count": pl.Int64}
    )
    return Vocabulary.fit(frame, previous=previous, **{"min_count": 1, **limits})


def numbers(fitted):
    return dict(zip(fitted.ids, fitted.numbers.tolist(), strict=True))


def test_frequent_ids_come_first_and_ties_go_by_text():
    assert numbers(vocabulary({"c": 2, "b": 3, "a": 2})) == {"b": 1, "a": 2, "c": 3}


def test_rare_ids_and_those_beyond_the_most_are_left_out():
    fitted = vocabulary({"a": 9, "b": 5, "c": 4, "d": 1}, min_count=2, max_ids=2)
    assert numbers(fitted) == {"a": 1, "b": 2}
    assert fitted.size == 3


def test_unknown_and_null_ids_are_zero():
    ids = pl.Series(["a", "?", None, "b"])
    assert vocabulary({"a": 2, "b": 1}).encode(ids).tolist() == [1, 0, 0, 2]
    assert vocabulary({}).encode(ids).tolist() == [0, 0, 0, 0]
    assert vocabulary({"a": 1}).encode(ids.clear()).tolist() == []


def test_a_freed_number_goes_to_the_most_frequent_new_id_and_no_table_shrinks():
    first = vocabulary({"a": 4, "b": 3, "c": 2, "d": 1})
    second = vocabulary({"d": 9, "x": 5, "b": 1}, previous=first)
    assert numbers(second) == {"d": 4, "x": 1, "b": 2}
    assert second.size == 5
    third = vocabulary({"d": 9, "x": 5, "b": 1, "y": 1, "z": 1}, previous=second)
    assert numbers(third) == {"d": 4, "x": 1, "b": 2, "y": 3, "z": 5}
    assert third.size == 6


counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 5))


@settings(deadline=None)
@given(st.lists(counts, min_size=1, max_size=5), st.integers(1, 3), st.none() | st.integers(1, 4))
def test_through_many_days_ids_keep_their_numbers_and_never_share_one(days, min_count, max_ids):
    before = None
    for day in days:
        today = vocabulary(day, before, min_count=min_count, max_ids=max_ids)
        alone = vocabulary(day, min_count=min_count, max_ids=max_ids)
        assert today.ids.to_list() == alone.ids.to_list()
        assert len(set(today.numbers)) == len(today.ids)
        assert all(0 < number < today.size for number in today.numbers)
        if before is not None:
            old = numbers(before)
            assert all(number == old.get(one, number) for one, number in numbers(today).items())
            assert today.size >= before.size
            again = vocabulary(day, today, min_count=min_count, max_ids=max_ids)
            assert (numbers(again), again.size) == (numbers(today), today.size)
        before = today
