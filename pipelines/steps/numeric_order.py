"""The order of lists by one number a row, which sorts several times as fast as four columns do."""

import numpy as np
import polars as pl

NUMERIC = ("query_id", "list_time", "position")
"""The columns that decide the order."""


def in_numeric_order(rows: pl.DataFrame) -> pl.Series | None:
    """Return the rows' places in the order of list_time, query_id and position.

    None if that does not order them: two documents of a list have one position.

    Args:
        rows: query_id an Enum whose categories are sorted, list_time the same for a whole list.

    Example:
        >>> queries = pl.Series(["a", "b", "a"], dtype=pl.Enum(["a", "b"]))
        >>> rows = {"query_id": queries, "list_time": [5, 3, 5], "position": [2, 1, 1]}
        >>> in_numeric_order(pl.DataFrame(rows)).to_list()
        [1, 2, 0]
    """
    query = rows["query_id"].to_physical().to_numpy()
    num_queries = int(query.max()) + 1 if rows.height else 0
    times = np.zeros(num_queries, np.int64)
    times[query] = rows["list_time"].to_physical().to_numpy()
    rank = np.empty(num_queries, np.uint64)
    rank[np.argsort(times, kind="stable")] = np.arange(num_queries, dtype=np.uint64)
    position = rows["position"].to_numpy().astype(np.uint64)  # 1 to 2^31 - 1, see validate
    keys = rank[query] << np.uint64(32) | position
    order = np.argsort(keys)
    ordered = keys[order]
    return None if (ordered[1:] == ordered[:-1]).any() else pl.Series(order.astype(np.uint32))
