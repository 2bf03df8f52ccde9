"""Scales: what training tells of a number, and what is made of it."""

from typing import Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict

from pipelines.config import Column
from pipelines.encoder._exact import Floats, Moments
from pipelines.encoder._histogram import Histogram


class Affine(BaseModel):
    """``(x - offset) / unit``, kept within ``lowest`` and ``highest``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    offset: float = 0.0
    unit: float = 1.0
    lowest: float | None = None
    highest: float | None = None
    missing: float = 0.0
    """What stands for a missing value."""

    def expression(self, value: pl.Expr) -> pl.Expr:
        """Return the scaled value, Float32."""
        scaled = (value - self.offset) / self.unit
        return scaled.clip(self.lowest, self.highest).fill_null(self.missing).cast(pl.Float32)


def affine(settings: Column, moments: Moments) -> Affine:
    """Fit ``standard`` or ``minmax``; a missing value becomes the training part's mean."""
    if settings.scale == "standard":
        most = settings.deviations
        return Affine(
            offset=moments.mean, unit=moments.deviation, lowest=-most, highest=most, missing=0.0
        )
    if not moments.count:
        return Affine(lowest=0.0, highest=1.0)
    unit = (moments.maximum - moments.minimum) or 1.0
    mean = min(max((moments.mean - moments.minimum) / unit, 0.0), 1.0)
    return Affine(offset=moments.minimum, unit=unit, lowest=0.0, highest=1.0, missing=mean)


class Knots:
    """A rising broken line through points: what a quantile scale is.

    Example:
        >>> histogram = Histogram.of(np.array([1.0, 2.0, 2.0, 9.0]))
        >>> knots = Knots.fit("uniform", histogram)
        >>> knots.scaled(np.array([0.0, 1.0, 1.5, 2.0, 100.0])).tolist()
        [-0.75, -0.75, -0.375, 0.0, 0.75]
    """

    def __init__(self, values: Floats, levels: Floats) -> None:
        self.values, self.levels = values, levels

    @classmethod
    def fit(cls, scale: Literal["uniform", "normal"], histogram: Histogram) -> "Knots":
        """Put a knot at each bucket, as high as its rank says."""
        return cls(histogram.values(), _levels(scale, histogram.ranks()))

    def scaled(self, values: Floats) -> Floats:
        """Return the level of each value; 0, the median's, where it is NaN."""
        if not len(self.values):
            return np.zeros_like(values)
        missing = np.isnan(values)
        levels = np.interp(np.where(missing, self.values[0], values), self.values, self.levels)
        return np.where(missing, 0.0, levels)


def _levels(scale: Literal["uniform", "normal"], ranks: Floats) -> Floats:
    if scale == "uniform":
        return 2 * ranks - 1
    # A quarter of what all imports of a process take, and few jobs ask for it.
    from scipy.special import ndtri

    levels: Floats = ndtri(ranks)
    return levels
