"""Numbers as the encoder makes them, with few calls: a list of a hundred rows must take no time.

``pipelines.encoder`` says the same in expressions of polars, which suit the large frames of
``prepare``; a test holds the two together.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from ltr.exported import numbers as exported
from pipelines.config import WITHIN_LIST, Column
from pipelines.encoder._column import EncodedColumn
from pipelines.encoder._exact import Floats
from pipelines.encoder._scale import Affine
from pipelines.encoder._within_list import Lists

Scaled = npt.NDArray[np.float32]


def prepared(values: pl.Series, settings: Column) -> Floats:
    """Clip, and take the logarithm if asked for; NaN where a number is missing.

    Args:
        values: Numbers or booleans.
        settings: Of the column.
    """
    numbers = values.cast(pl.Float64).to_numpy()
    return exported.prepared(numbers, clip=settings.clip, log1p=settings.log1p)


def scaled(column: EncodedColumn, numbers: Floats, lists: Lists | None) -> Scaled:
    """Scale what ``prepared`` gives.

    Args:
        column: Of the encoder.
        numbers: [rows], NaN where missing.
        lists: Which rows belong together, for a scale within lists.
    """
    settings = column.about.settings
    if column.about.scale is not None:
        return _affine(column.about.scale, numbers)
    if settings.scale in WITHIN_LIST:
        assert lists is not None
        return lists.scaled(numbers, settings).astype(np.float32)
    assert column.knots is not None
    return column.knots.scaled(numbers).astype(np.float32)


def _affine(scale: Affine, numbers: Floats) -> Scaled:
    found = (numbers - scale.offset) / scale.unit
    if scale.lowest is not None or scale.highest is not None:
        np.clip(found, scale.lowest, scale.highest, out=found)
    found[np.isnan(numbers)] = scale.missing
    return found.astype(np.float32)
