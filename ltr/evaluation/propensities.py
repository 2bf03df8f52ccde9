"""A curve of examination by position, ready to weigh clicks with: known everywhere, and clipped."""

from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from ltr.data.manifest import ListsError
from ltr.errors import first_failure

FILE = "propensities.json"


class Curve(BaseModel):
    """How likely each position is examined, relative to the first, and what is made of it.

    Example:
        >>> curve = Curve.of(
        ...     method="randomisation",
        ...     assumptions=("lists were shuffled",),
        ...     shown=np.array([100, 100, 0, 100]),
        ...     clicks=np.array([50, 25, 0, 1]),
        ...     examination=np.array([1.0, 0.5, np.nan, 0.02]),
        ...     clip=0.1,
        ... )
        >>> curve.propensities
        (1.0, 0.5, 0.5, 0.1)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    assumptions: tuple[str, ...]
    """What must be true of the log for the curve to be right."""
    clip: float
    """Least propensity."""
    shown: tuple[int, ...]
    """Documents that were counted at position 1, 2, …"""
    clicks: tuple[int, ...]
    examination: tuple[float | None, ...]
    """As estimated, 1 for the first position; None where the log cannot tell."""
    propensities: tuple[float, ...]
    """What documents weigh by: at least ``clip``, at most 1. A position of which the log cannot
    tell has that of the last one above it: examination falls, so its clicks weigh too little rather
    than too much."""

    @classmethod
    def of(
        cls,
        *,
        method: str,
        assumptions: tuple[str, ...],
        shown: npt.NDArray[np.int64],
        clicks: npt.NDArray[np.int64],
        examination: npt.NDArray[np.float64],
        clip: float,
    ) -> Self:
        """Fill and clip an estimate, each argument ``[positions]``; NaN is unknown."""
        known = ~np.isnan(examination)
        last_known = np.maximum.accumulate(np.where(known, np.arange(len(known)), 0))
        return cls(
            method=method,
            assumptions=assumptions,
            clip=clip,
            shown=tuple(map(int, shown)),
            clicks=tuple(map(int, clicks)),
            examination=tuple(
                float(one) if told else None for one, told in zip(examination, known, strict=True)
            ),
            propensities=tuple(map(float, np.clip(examination[last_known], clip, 1.0))),
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote into a folder of lists.

        Raises:
            ListsError: There is no such file, or it is not valid.
        """
        path = folder / FILE
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            msg = f"{path} cannot be read: {error.strerror}"
            raise ListsError(msg) from error
        except ValidationError as error:
            msg = f"{path}: {first_failure(error)}"
            raise ListsError(msg) from error

    def save(self, folder: Path) -> None:
        """Write ``propensities.json`` into a folder of lists."""
        (folder / FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
