"""Weights of ids as the log has them: one number to each id of a list."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ltr.exported.errors import ExportedError
from ltr.exported.numbers import as_numbers
from ltr.exported.tables import Floats, Integers


class Given(NamedTuple):
    """A column of weights."""

    name: str
    """In the log."""
    rows: str
    """What has a row: ``queries`` or ``documents``."""
    values: Sequence[Any]


def id_weights(given: Given, ids: Integers) -> Floats:
    """All weights of a column, row after row.

    Args:
        given: One list, or None, to each row.
        ids: [rows], how many ids each row has; as many weights must it have.

    Returns:
        [weights].

    Raises:
        ExportedError: A row has not as many weights as ids, or one that is missing, negative or not
            finite in 32 bits.

    Example:
        >>> id_weights(Given("scores", "documents", [[0.5, 2], None]), np.array([2, 0]))
        array([0.5, 2. ], dtype=float32)
    """
    lists = [_list(given, one) for one in given.values]
    found = np.array([len(one) for one in lists], np.int64)
    if len(odd := np.flatnonzero(found != ids)):
        row = int(odd[0])
        raise _refused(given, row, f"{found[row]} weights for {ids[row]} ids")
    flat = [weight for one in lists for weight in one]
    try:
        wide = as_numbers(given.name, flat)
    except ExportedError:
        raise _no_lists(given, flat) from None
    with np.errstate(over="ignore"):
        weights = wide.astype(np.float32)
    if len(odd := np.flatnonzero(~np.isfinite(weights) | (weights < 0))):
        row = int(np.searchsorted(np.cumsum(found), odd[0], side="right"))
        raise _refused(given, row, f"the weight {lists[row][odd[0] - found[:row].sum()]}")
    return weights


def _list(given: Given, value: Any) -> Sequence[Any]:  # noqa: ANN401 - whatever the log holds
    if value is None:
        return ()
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        raise _no_lists(given, value)
    return list(value)


def _no_lists(given: Given, value: object) -> ExportedError:
    return ExportedError(f"column {given.name!r} must hold lists of numbers; got {value!r:.50}")


def _refused(given: Given, row: int, found: str) -> ExportedError:
    rule = "must have one weight per id, finite in 32 bits and at least 0"
    where = f"row {row} of the {given.rows} (from 0)"
    return ExportedError(f"column {given.name!r} {rule}; {where} has {found}")
