"""Values per list made ready for statistics: checked, blank lists decided, weights in place."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ltr.lists import check_choice
from ltr.metrics import Blank

Floats = npt.NDArray[np.float64]


class Columns(NamedTuple):
    """Values of lists in columns, one per metric or slice, after the blank policy.

    Attributes:
        values: Float ``[lists, columns]``, NaN where a list does not count in a column.
        weights: Float ``[lists, 1]``, positive, with mean 1. Lists that count nowhere are gone.
        blank: Int ``[columns]``, lists of the column without a value, counted or not.
    """

    values: Floats
    weights: Floats
    blank: npt.NDArray[np.int64]

    @property
    def lists(self) -> npt.NDArray[np.int64]:
        """Int ``[columns]``, the lists that count in each column."""
        counted: npt.NDArray[np.int64] = (~np.isnan(self.values)).sum(axis=0)
        return counted


def columns_of(
    values: npt.ArrayLike,
    *,
    blank: Blank,
    weights: npt.ArrayLike | None = None,
    members: npt.ArrayLike | None = None,
) -> Columns:
    """Columns of one ranker's values.

    Args:
        values: Float ``[lists, columns]``, NaN where a list has no value.
        blank: What a list without a value counts as.
        weights: Float ``[lists]``, not negative; a list of weight 0 is as good as absent.
        members: Bool ``[lists, columns]``, False where a list is outside the column's slice.

    Returns:
        The columns.

    Raises:
        ValueError: A shape, a value or a weight is out of its range.

    Example:
        >>> columns_of([[0.5, float("nan")], [1.0, float("nan")]], blank="skip").lists.tolist()
        [2, 0]
    """
    numbers = _two_dimensions(values, "values")
    return _columns(numbers, np.isnan(numbers), blank, weights, members)


def paired_columns(
    values: npt.ArrayLike,
    baseline: npt.ArrayLike,
    *,
    blank: Blank,
    weights: npt.ArrayLike | None = None,
    members: npt.ArrayLike | None = None,
) -> Columns:
    """Columns of ``values - baseline`` over the same lists; blank where either has no value.

    Args:
        values: Float ``[lists, columns]``.
        baseline: Float ``[lists, columns]``, the same lists in the same order.
        blank: What a missing value counts as, on either side.
        weights: As in :func:`columns_of`.
        members: As in :func:`columns_of`.

    Returns:
        The columns.

    Raises:
        ValueError: As :func:`columns_of`, or the shapes differ.

    Example:
        >>> paired_columns([[0.5]], [[0.25]], blank="skip").values.tolist()
        [[0.25]]
    """
    ours, theirs = _two_dimensions(values, "values"), _two_dimensions(baseline, "baseline")
    if ours.shape != theirs.shape:
        msg = (
            "values and baseline must hold the same lists; "
            f"got {len(ours)} and {len(theirs)} lists, shapes {ours.shape} and {theirs.shape}"
        )
        raise ValueError(msg)
    check_choice("blank", blank, Blank)
    undefined = np.isnan(ours) | np.isnan(theirs)
    filled = _filled(ours, blank) - _filled(theirs, blank)
    return _columns(filled, undefined, blank, weights, members)


def one_column(values: npt.ArrayLike, name: str) -> Floats:
    """Values ``[lists]`` as ``[lists, 1]``.

    Args:
        values: Float ``[lists]``. A CPU tensor will do.
        name: What an error calls them.

    Returns:
        Float ``[lists, 1]``.

    Raises:
        ValueError: There is not exactly one dimension.

    Example:
        >>> one_column([0.5, 1.0], "values").shape
        (2, 1)
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        msg = f"{name} must be one number per list, [lists]; got shape {list(numbers.shape)}"
        raise ValueError(msg)
    return numbers[:, None]


def _two_dimensions(values: npt.ArrayLike, name: str) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 2:
        msg = f"{name} must be [lists, columns]; got shape {list(numbers.shape)}"
        raise ValueError(msg)
    if np.isinf(numbers).any():
        msg = f"{name} must be finite, or NaN for a blank list; got {np.isinf(numbers).sum()} inf"
        raise ValueError(msg)
    return numbers


def _columns(
    numbers: Floats,
    undefined: npt.NDArray[np.bool_],
    blank: Blank,
    weights: npt.ArrayLike | None,
    members: npt.ArrayLike | None,
) -> Columns:
    check_choice("blank", blank, Blank)
    masses = _weights(weights, len(numbers))
    counted = _members(members, numbers.shape) & (masses > 0)[:, None]
    filled = np.where(counted, _filled(numbers, blank), np.nan)
    kept = ~np.isnan(filled).all(axis=1)
    mean = masses[kept].mean() if kept.any() else 1.0
    return Columns(
        filled[kept], masses[kept, None] / mean, np.count_nonzero(undefined & counted, axis=0)
    )


def _filled(numbers: Floats, blank: Blank) -> Floats:
    if blank == "skip":
        return numbers
    return np.where(np.isnan(numbers), float(blank == "one"), numbers)


def _weights(weights: npt.ArrayLike | None, lists: int) -> Floats:
    if weights is None:
        return np.ones(lists)
    found = np.asarray(weights, dtype=np.float64)
    if found.shape != (lists,):
        msg = f"weights must be one per list, [{lists}]; got shape {list(found.shape)}"
        raise ValueError(msg)
    wrong = ~(np.isfinite(found) & (found >= 0))
    if wrong.any():
        msg = f"weights must be finite and not negative; got {found[wrong][0]}"
        raise ValueError(msg)
    return found


def _members(members: npt.ArrayLike | None, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    if members is None:
        return np.ones(shape, dtype=np.bool_)
    found = np.asarray(members)
    if found.dtype != np.bool_ or found.shape != shape:
        msg = (
            f"members must be bool of the values' shape {list(shape)}; "
            f"got {found.dtype} {list(found.shape)}"
        )
        raise ValueError(msg)
    return found
