import polars as pl
import pytest

from pipelines.errors import ConfigError
from pipelines.stages.conditions import check, columns_of, evaluate

ROW = pl.Schema({"n": pl.UInt32(), "x": pl.Float64(), "day": pl.Date(), "s": pl.String()})


def rows():
    days = pl.date_range(pl.date(2026, 1, 1), pl.date(2026, 1, 3), eager=True)
    frame = pl.LazyFrame({"n": [0, 1, 2], "x": [1.0, 2.0, None], "day": days, "s": ["a", "b", "c"]})
    return frame.cast({"n": pl.UInt32}).rename(lambda name: f"log/{name}")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("n IN (1, 2)", [False, True, True]),
        ("n NOT IN (1, 2) OR x IN (2.0)", [True, True, False]),
        ("s in ('a', 'IN (')", [True, False, False]),
        ("day >= DATE '2026-01-02'", [False, True, True]),
        ("day BETWEEN date('2026-01-02') AND '2026-01-02'::date", [False, True, False]),
        ("day IN (DATE '2026-01-03')", [False, False, True]),
        ("x > 1", [False, True, False]),
        ("CASE WHEN n > 1 THEN TRUE ELSE s LIKE 'a%' END", [True, False, True]),
        ("1 = 1", [True, True, True]),
    ],
)
def test_conditions_on_one_row_are_taken(text, holds):
    check({"key": text}, ROW)
    assert evaluate(rows(), {"it": ("key", text)}).collect()["it"].to_list() == holds


@pytest.mark.parametrize(
    "text",
    [
        "x > AVG(x)",
        "n IN (1, 2) AND x > AVG(x)",
        "x IN (AVG(x), 2)",
        "n > 0 AND FIRST(x) > 1",
        "x > SUM(x) OVER ()",
        "x > LAG(x) OVER (ORDER BY day)",
        "ROW_NUMBER() OVER () > 1",
        "COUNT(*) > 1",
    ],
)
def test_a_condition_that_looks_beyond_its_row_is_refused(text):
    with pytest.raises(ConfigError, match=r"^key: must be a condition on one row, without a total"):
        check({"key": text}, ROW)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x >", r"^key: must be a SQL condition .*; got 'x >'"),
        ("x + 1", r"^key: must be a condition, true or false; got"),
        ("day >= '2026-01-02'", r"^key: cannot be evaluated \(cannot compare 'date"),
        ("n IN (SELECT 1)", r"^key: must be a condition on one row"),
    ],
)
def test_what_is_no_condition_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        check({"key": text}, ROW)


def test_the_columns_of_conditions_are_told_with_the_first_key_that_names_them():
    assert columns_of({"a": "x > 1", "b": "x < n"}) == {"x": "a", "n": "b"}


def test_the_pipelines_own_columns_keep_their_values_and_names():
    frame = rows().with_columns(n=pl.lit("ours"))
    got = evaluate(frame, {"it": ("key", "n = 1")}).collect()
    assert got["it"].to_list() == [False, True, False]
    assert got["n"].to_list() == ["ours"] * 3
