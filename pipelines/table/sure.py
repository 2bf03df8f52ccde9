"""How sure a number over lists is, by one set of rules for a whole report."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pipelines.report.parts import Estimate

Values = npt.NDArray[np.float64]

FLIPS = (2_000, 10_000)
FLIPPED_VALUES = 1_000_000_000
"""A test looks at fewer sign patterns of many lists, between the two numbers of :data:`FLIPS`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sure:
    """Rules of intervals and tests. With 0 resamples there are means only.

    Attributes:
        blank: What a list without a value counts as.
        confidence: Of every interval.
        resamples: Of the bootstrap, and as many random signs in the test.
        method: Of the interval.
        seed: Of both.
    """

    blank: Literal["skip", "zero", "one"] = "skip"
    confidence: float = 0.95
    resamples: int = 2000
    method: Literal["percentile", "bca"] = "percentile"
    seed: int = 0

    def mean(self, values: Values, weights: Values | None) -> Estimate:
        """Mean over lists with its interval."""
        return self.means(values[:, None], weights)[0]

    def means(self, values: Values, weights: Values | None) -> list[Estimate]:
        """Means over lists of ``values [lists, metrics]``, on the same resamples."""
        if not self.resamples:
            return [self._mean_only(one, np.isnan(one), weights) for one in values.T]
        from ltr.evaluation import mean_intervals

        return [Estimate.of(o) for o in mean_intervals(values, weights=weights, **self._rules())]

    def difference(self, ours: Values, theirs: Values, weights: Values | None) -> Estimate:
        """Mean paired difference with its interval."""
        return self.differences(ours[:, None], theirs[:, None], weights)[0]

    def differences(self, ours: Values, theirs: Values, weights: Values | None) -> list[Estimate]:
        """Mean paired differences of ``[lists, metrics]``, on the same resamples."""
        if not self.resamples:
            undefined = np.isnan(ours) | np.isnan(theirs)
            values = self._filled(ours) - self._filled(theirs)
            pairs = zip(values.T, undefined.T, strict=True)
            return [self._mean_only(value, missing, weights) for value, missing in pairs]
        from ltr.evaluation import difference_intervals

        found = difference_intervals(ours, theirs, weights=weights, **self._rules())
        return [Estimate.of(one) for one in found]

    def pooled(self, sums: Values, weights: Values | None) -> Estimate:
        """Calibration error of all lists together with its interval."""
        return self._of_sums(sums, calibration_error, (0.0, 1.0), weights)

    def pooled_difference(self, ours: Values, theirs: Values, weights: Values | None) -> Estimate:
        """Difference of two calibration errors over the same lists with its interval."""
        both = np.concatenate([ours, theirs], axis=1)
        return self._of_sums(both, _calibration_difference, (-1.0, 1.0), weights)

    def _of_sums(
        self,
        sums: Values,
        function: Callable[[Values], Values],
        ends: tuple[float, float],
        weights: Values | None,
    ) -> Estimate:
        from ltr.evaluation import function_interval

        found = Estimate.of(
            function_interval(
                sums,
                function,
                weights=weights,
                lowest=ends[0],
                highest=ends[1],
                confidence=self.confidence,
                resamples=self.resamples or 1,
                seed=self.seed,
            )
        )
        return found if self.resamples else found.model_copy(update={"low": None, "high": None})

    def p(self, ours: Values, theirs: Values, weights: Values | None) -> float | None:
        """How often random signs alone give a paired difference at least this large."""
        if not self.resamples:
            return None
        from ltr.evaluation import randomisation_test

        return randomisation_test(
            ours,
            theirs,
            weights=weights,
            blank=self.blank,
            flips=int(np.clip(FLIPPED_VALUES // max(len(ours), 1), *FLIPS)),
            seed=self.seed,
        ).p_value

    def detectable(self, ours: Values, theirs: Values, weights: Values | None) -> float | None:
        """The smallest true difference that so many lists show with a power of 80 %."""
        if not self.resamples:
            return None
        from ltr.evaluation import minimum_detectable_difference

        return minimum_detectable_difference(
            ours, theirs, weights=weights, blank=self.blank, confidence=self.confidence
        ).difference

    def holm(self, ps: Sequence[float | None]) -> list[float | None]:
        """The same p, adjusted for how many of them were looked at."""
        if not self.resamples or not ps:
            return [None for _ in ps]
        from ltr.evaluation import holm

        adjusted = holm([math.nan if p is None else p for p in ps])
        return [None if math.isnan(p) else float(p) for p in adjusted]

    def _rules(self) -> dict[str, Any]:
        return {
            "blank": self.blank,
            "confidence": self.confidence,
            "resamples": self.resamples,
            "method": self.method,
            "seed": self.seed,
        }

    def _filled(self, values: Values) -> Values:
        if self.blank == "skip":
            return values
        return np.where(np.isnan(values), float(self.blank == "one"), values)

    def _mean_only(
        self, values: Values, undefined: npt.NDArray[np.bool_], weights: Values | None
    ) -> Estimate:
        filled = self._filled(values)
        masses = np.ones(len(values)) if weights is None else weights
        kept = ~np.isnan(filled) & (masses > 0)
        total = masses[kept].sum()
        mean = float((filled[kept] * masses[kept]).sum() / total) if total else math.nan
        return Estimate(
            value=mean, low=None, high=None, lists=int(kept.sum()), blank=int(undefined.sum())
        )


def calibration_error(sums: Values) -> Values:
    """Calibration error of the sums of ``ltr.metrics.calibration_sums``, ``[..., bins + 1]``."""
    error: Values = np.abs(sums[..., :-1]).sum(axis=-1) / sums[..., -1]
    return error


def _calibration_difference(sums: Values) -> Values:
    half = sums.shape[-1] // 2
    return calibration_error(sums[..., :half]) - calibration_error(sums[..., half:])
