import polars as pl

from pipelines.stages.group import group, varying


def test_rows_become_lists_in_the_order_of_time_and_documents_in_logged_order():
    rows = pl.LazyFrame(
        {
            "query_id": ["b", "a", "b", "a"],
            "time": [1, 2, 1, 2],
            "document_id": ["x", "y", "z", "x"],
            "position": [2, 1, 1, 2],
            "grade": [0, 1, 2, 3],
            "query/user": [5, 6, 5, 6],
            "document/tags": [[1], [], [2, 3], [4]],
        }
    )
    assert group(rows).collect().rows() == [
        ("b", 1, ["z", "x"], [1, 2], [2, 0], 5, [[2, 3], [1]]),
        ("a", 2, ["y", "x"], [1, 2], [1, 3], 6, [[], [4]]),
    ]


def in_order(direction):
    rows = pl.LazyFrame(
        {
            "query_id": ["a"] * 5,
            "time": [1] * 5,
            "document_id": ["u", "v", "x", "y", "z"],
            "position": [1, 2, 3, 4, 4],
            "list/order": [5.0, None, 7.0, 5.0, 5.0],
        }
    )
    got = group(rows, direction).collect()
    assert got.columns == ["query_id", "time", "document_id", "position"]
    return "".join(got["document_id"][0]), got["position"][0].to_list()


def test_documents_lie_in_the_order_of_a_column_ties_by_position_and_document_nulls_last():
    assert in_order("ascending") == ("uyzxv", [1, 4, 4, 3, 2])
    assert in_order("descending") == ("xuyzv", [3, 1, 4, 4, 2])


def test_lists_within_which_a_query_feature_differs_are_counted():
    rows = pl.LazyFrame(
        {
            "query_id": ["a", "a", "b", "b"],
            "query/user": ["u", "u", "u", None],
            "query/tags": [["x"], ["x"], ["x"], ["y"]],
            "query/hour": [1.0, 1.0, 2.0, 2.0],
            "document/brand": ["p", "q", "r", "s"],
        }
    )
    assert varying(rows).collect().row(0, named=True) == {
        "query/user": 1,
        "query/tags": 1,
        "query/hour": 0,
    }
