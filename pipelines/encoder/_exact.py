"""Count, range, sum and sum of squares of numbers, exact: the same in any order and any parts.

A float sum rounds at every step, so its last bits depend on the order. Here the values are cut into
whole multiples of a power of two, so few bits of them at a time that float64 adds them exactly, and
what is cut off goes through the same again. A square is the exact sum of two floats (Dekker 1971).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_CHUNK_BITS = 16
_SMALLEST = 2.0**-1074
_SPLITTER = 2.0**27 + 1


@dataclass(frozen=True, slots=True)
class Moments:
    """What mean, deviation and range are made of.

    Example:
        >>> parts = [Moments.of(np.array([0.1, 1e9])), Moments.of(np.array([0.2]))]
        >>> whole = Moments.of(np.array([0.2, 1e9, 0.1]))
        >>> Moments.merge(parts) == whole
        True
    """

    count: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    total: Fraction = Fraction(0)
    squares: Fraction = Fraction(0)

    @classmethod
    def of(cls, values: Floats) -> "Moments":
        """Measure finite values; their squares must be finite too."""
        if not len(values):
            return cls()
        total, squares = Fraction(0), Fraction(0)
        for start in range(0, len(values), 1 << _CHUNK_BITS):
            chunk = values[start : start + (1 << _CHUNK_BITS)]
            total += _exact_sum(chunk)
            squares += sum(map(_exact_sum, _squares(chunk)), Fraction(0))
        # Adding 0 makes 0 of -0, which would else depend on the order.
        lowest, highest = float(values.min()) + 0.0, float(values.max()) + 0.0
        return cls(len(values), lowest, highest, total, squares)

    @classmethod
    def merge(cls, parts: Iterable["Moments"]) -> "Moments":
        """Return the moments of all values together."""
        whole = cls()
        for part in parts:
            whole = cls(
                whole.count + part.count,
                min(whole.minimum, part.minimum),
                max(whole.maximum, part.maximum),
                whole.total + part.total,
                whole.squares + part.squares,
            )
        return whole

    @property
    def mean(self) -> float:
        """The mean, correctly rounded; 0 of no values."""
        return float(self.total / self.count) if self.count else 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation over all values (not n - 1); 1 where nothing varies.

        A column that never varies carries nothing, and 1 keeps it finite.
        """
        if self.minimum >= self.maximum:
            return 1.0
        variance = self.squares / self.count - (self.total / self.count) ** 2
        return math.sqrt(float(variance)) or 1.0

    def plain(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        numbers = (self.minimum, self.maximum)
        return {
            "count": self.count,
            "range": [number.hex() for number in numbers],
            "total": str(self.total),
            "squares": str(self.squares),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Moments":
        """Read what ``plain`` made."""
        lowest, highest = map(float.fromhex, plain["range"])
        total, squares = Fraction(plain["total"]), Fraction(plain["squares"])
        return cls(plain["count"], lowest, highest, total, squares)


def _exact_sum(values: Floats) -> Fraction:
    total = Fraction(0)
    rest = values
    while (largest := float(np.abs(rest).max())) > 0:
        # 36 bits of each value, and 2^16 values: their sum has at most 53 bits.
        unit = max(math.ldexp(1.0, math.frexp(largest)[1] - 52 + _CHUNK_BITS), _SMALLEST)
        shift = 1.5 * 2.0**52 * unit
        cut = (rest + shift) - shift
        total += Fraction(float(cut.sum()))
        rest = rest - cut
    return total


def _squares(values: Floats) -> tuple[Floats, Floats]:
    """Two arrays whose sum is the square: what float64 gives, and what that rounding lost."""
    square = values * values
    spread = _SPLITTER * values
    high = spread - (spread - values)
    low = values - high
    return square, ((high * high - square) + 2 * high * low) + low * low
