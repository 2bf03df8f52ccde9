"""What a report says of the clicks that a new policy or ranking would get."""

from typing import Literal

from pipelines.report.parts import Estimate, Record

Estimator = Literal[
    "naive", "inverse propensity", "clipped", "self-normalised", "direct", "doubly robust"
]


class Estimated(Record):
    """One estimate of the mean reward."""

    name: Estimator
    estimate: Estimate


class Weights(Record):
    """The importance weights: how far the log can carry the estimates."""

    rows: int
    rewarded: int
    """Rows with a reward other than 0."""
    effective_sample_size: float
    """Rows of equal weight that would say as much."""
    mean_weight: float
    max_weight: float
    top_share: float | None
    """Share of the whole weight that the heaviest 1 % of the rows have."""
    zero_overlap: int
    """Rows of weight 0: what was logged is never shown."""
    unsupported: int
    """Rows that are shown where the log never had them seen."""
    clipped: int
    """Rows whose weight the clipped estimate cuts."""


class Counterfactual(Record):
    """Every estimate of the reward that something new would get, beside that of the log itself."""

    kind: Literal["policy", "ranking"]
    """A policy draws what to show; a ranking places the documents of a list."""
    reward: str
    """Column of the click or another reward."""
    new: str
    """Column of the new policy's probabilities, or of the new ranking's scores."""
    propensity: str | None
    """Column of the log's probabilities; None: they are the curve at the logged position."""
    per: str
    """What the reward is summed over: "row", or "list"."""
    estimates: tuple[Estimated, ...]
    """Naive first; direct and doubly robust only with a click model."""
    weights: Weights
    clip: float
    curve: tuple[float, ...] = ()
    """Probability that position 1, 2 … is examined; of a ranking."""
    is_curve_estimated: bool = False
    method: str
    confidence: float
    resamples: int
    seed: int
    warnings: tuple[str, ...] = ()
    """Why the estimates may be wrong, or surer than they look; a sentence each."""

    @property
    def naive(self) -> Estimate:
        """The reward of the log itself."""
        return self.estimates[0].estimate

    @property
    def lead(self) -> Estimated:
        """The estimate to look at first: doubly robust with a model, else self-normalised."""
        found = {one.name: one for one in self.estimates}
        return found.get("doubly robust", found["self-normalised"])
