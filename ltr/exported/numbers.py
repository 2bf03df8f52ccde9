"""Numbers as the log has them to numbers on the model's scale: the encoder's rules in numpy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ltr.exported.errors import ExportedError
from ltr.exported.within_list import Floats, Integers, scaled_within

_TINY = 2.0**-126


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NumberScale:
    """What is done to one column of numbers; `docs/encoding.md` says what each setting means."""

    scale: str
    clip: tuple[float, float] | None
    log1p: bool
    deviations: float
    offset: float = 0.0
    unit: float = 1.0
    lowest: float | None = None
    highest: float | None = None
    missing: float = 0.0
    values: Floats | None = None
    """Where a quantile scale has its knots."""
    levels: Floats | None = None
    """What it gives there."""

    def __post_init__(self) -> None:
        if self.scale in ("uniform", "normal") and (self.values is None or self.levels is None):
            msg = f"the scale {self.scale} must have knots"
            raise ValueError(msg)

    def prepared(self, numbers: Floats) -> Floats:
        """The numbers clipped and as a logarithm; NaN where one is missing."""
        return prepared(numbers, clip=self.clip, log1p=self.log1p)

    def scaled(self, prepared: Floats, lengths: Integers) -> Floats:
        """The prepared numbers on the model's scale; lists of length 0 have none."""
        if self.scale in ("list_minmax", "list_standard"):
            return scaled_within(prepared, lengths[lengths > 0], self.scale, self.deviations)
        gaps = np.isnan(prepared)
        if self.values is not None and self.levels is not None:
            if not len(self.values):
                return np.zeros_like(prepared)
            levels = np.interp(np.where(gaps, self.values[0], prepared), self.values, self.levels)
            return np.where(gaps, 0.0, levels)
        scaled = (prepared - self.offset) / self.unit
        if self.lowest is not None and self.highest is not None:
            scaled = scaled.clip(self.lowest, self.highest)
        return np.where(gaps, self.missing, scaled)


def prepared(numbers: Floats, *, clip: tuple[float, float] | None, log1p: bool) -> Floats:
    """Clip numbers, and take their signed logarithm if asked for.

    Args:
        numbers: Missing ones are NaN; they are not changed.
        clip: The least and the greatest that is let through.
        log1p: Whether x becomes sign(x) log(1 + abs(x)).

    Returns:
        As many, NaN where a number is missing or not finite as a 32-bit float.

    Example:
        >>> prepared(np.array([-5.0, 3.0, np.inf]), clip=(0, 2), log1p=False)
        array([ 0.,  2., nan])
    """
    # A copy that is changed in place: half the time of new arrays, where lists are short.
    found = np.array(numbers, dtype=np.float64)
    with np.errstate(over="ignore"):
        found[~np.isfinite(found.astype(np.float32))] = np.nan
    if clip is not None:
        np.clip(found, *clip, out=found)
    sizes = np.abs(found)
    found[sizes < _TINY] = 0.0
    return np.sign(found) * np.log1p(np.abs(found)) if log1p else found


def as_numbers(name: str, values: Sequence[Any]) -> Floats:
    """A column as float64, NaN where it is None.

    Raises:
        ExportedError: A value is no number.

    Example:
        >>> as_numbers("price", [1, None, 2.5])
        array([1. , nan, 2.5])
    """
    found = np.asarray(values)
    if found.dtype.kind == "O":
        found = np.array([_number(name, one) for one in values], np.float64)
    if found.dtype.kind not in "fiub" or found.ndim != 1:
        msg = f"column {name!r} must hold one number per row; got {found.dtype} {found.shape}"
        raise ExportedError(msg)
    return found.astype(np.float64)


def _number(name: str, value: Any) -> float:  # noqa: ANN401 - whatever the log holds
    try:
        return np.nan if value is None else float(value)
    except (TypeError, ValueError):
        msg = f"column {name!r} must hold one number per row; got {value!r:.50}"
        raise ExportedError(msg) from None
