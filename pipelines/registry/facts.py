"""What the records of a version say: its model, how good it is, and what the gate thought of it.

Versions outlive the code that wrote them, so only what is shown is read, and unknown keys pass.
"""

from math import prod
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter
from safetensors import SafetensorError, safe_open

from pipelines.errors import RegistryError
from pipelines.registry.version import EVALUATION, GATE, JOB, MODEL, WEIGHTS, Version
from pipelines.registry.vetting import read_json


class _Loose(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Estimate(_Loose):
    """A mean over lists and its interval; None where undefined."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    lists: int | None = None
    """How many count in the mean."""


class Measured(NamedTuple):
    """A metric, a difference or a slice by its name."""

    name: str
    estimate: Estimate


class Rule(_Loose):
    """A rule of the gate applied to one subject."""

    rule: str
    subject: str = ""
    passed: bool
    applies: bool = True
    """False where it had nothing to judge, and so passed."""
    says: str = ""

    @property
    def verdict(self) -> str:
        """In a word or two."""
        return "broken" if not self.passed else "holds" if self.applies else "does not apply"


class Feature(_Loose):
    """One column that the model reads."""

    side: str
    name: str
    kind: str
    size: int | None = None

    @property
    def column(self) -> str:
        """Such as ``document/price``."""
        return f"{self.side}/{self.name}"


class Model(_Loose):
    """The part of ``model.json`` that is shown."""

    features: tuple[Feature, ...] = ()
    encoder: str = ""
    recipe: dict[str, JsonValue] = {}
    best_epoch: int | None = None
    validation_ndcg: float | None = None
    parent: dict[str, JsonValue] | None = None


class Evaluation(NamedTuple):
    """What ``evaluation.json`` says, the headline metric first."""

    metrics: tuple[Measured, ...] = ()
    against: tuple[Measured, ...] = ()
    """Differences to the best baseline at each cutoff."""
    slices: tuple[Measured, ...] = ()
    notes: tuple[str, ...] = ()
    confidence: float | None = None
    rules: dict[str, JsonValue] = {}  # noqa: RUF012 - never changed
    """How the metrics are defined."""


class Gate(NamedTuple):
    """What ``gate.json`` says."""

    promote: bool | None = None
    rules: tuple[Rule, ...] = ()
    slices: tuple[Measured, ...] = ()
    """Candidate minus what it was compared with."""
    champion: str = "the champion"
    """What it was compared with: a version, or the best baseline."""


HEADLINE: Final = 10
"""The cutoff that a report leads with, if it has it."""


class _Ranker(_Loose):
    ndcg: dict[int, Estimate] = {}


class _Difference(_Loose):
    cutoff: int
    baseline: str = ""
    estimate: Estimate = Estimate()


class _Measure(_Loose):
    name: str
    candidate: Estimate = Estimate()


class _Slice(_Loose):
    by: str
    value: str
    candidate: Estimate = Estimate()


class _OfLists(_Loose):
    metrics: tuple[_Measure, ...] = ()
    slices: tuple[_Slice, ...] = ()
    notes: tuple[str, ...] = ()


class _Evaluation(_Loose):
    model: _Ranker = _Ranker()
    differences: tuple[_Difference, ...] = ()
    lists: _OfLists | None = None
    notes: tuple[str, ...] = ()
    rules: dict[str, JsonValue] = {}


class _Compared(_Loose):
    kind: str = ""
    column: str | None = None
    word: str | None = None
    difference: Estimate = Estimate()


class _Gate(_Loose):
    promote: bool | None = None
    champion: str = "the champion"
    rules: tuple[Rule, ...] = Field(default=())
    compared: tuple[_Compared, ...] = ()


_MODEL: Final = TypeAdapter(Model)
_EVALUATION: Final = TypeAdapter(_Evaluation)
_GATE: Final = TypeAdapter(_Gate)


def model_of(version: Version) -> Model:
    """Read ``model.json``.

    Raises:
        RegistryError: It cannot be read.
    """
    return read_json(version.folder / MODEL, _MODEL)


def evaluation_of(version: Version) -> Evaluation:
    """Read ``evaluation.json``; empty if there is none.

    Raises:
        RegistryError: It cannot be read.
    """
    if not version.has(EVALUATION):
        return Evaluation()
    found = read_json(version.folder / EVALUATION, _EVALUATION)
    lists = found.lists or _OfLists()
    confidence = found.rules.get("confidence")
    return Evaluation(
        metrics=_metrics(found, lists),
        against=tuple(
            Measured(f"ndcg@{one.cutoff} against {one.baseline}", one.estimate)
            for one in sorted(found.differences, key=lambda one: one.cutoff != HEADLINE)
        ),
        slices=tuple(Measured(f"{one.by}: {one.value}", one.candidate) for one in lists.slices),
        notes=(*found.notes, *lists.notes),
        confidence=confidence if isinstance(confidence, float) else None,
        rules=found.rules,
    )


def _metrics(found: _Evaluation, lists: _OfLists) -> tuple[Measured, ...]:
    cutoffs = sorted(found.model.ndcg.items(), key=lambda one: (one[0] != HEADLINE, one[0]))
    metrics = {f"ndcg@{k}": estimate for k, estimate in cutoffs}
    for one in lists.metrics:
        metrics.setdefault(one.name, one.candidate)
    return tuple(Measured(name, estimate) for name, estimate in metrics.items())


def gate_of(version: Version) -> Gate:
    """Read ``gate.json``; empty if there is none.

    Raises:
        RegistryError: It cannot be read.
    """
    if not version.has(GATE):
        return Gate()
    found = read_json(version.folder / GATE, _GATE)
    slices = [one for one in found.compared if one.kind == "slice"]
    named = tuple(Measured(f"{one.column}: {one.word}", one.difference) for one in slices)
    return Gate(found.promote, found.rules, named, found.champion)


def settings_of(version: Version) -> dict[str, JsonValue]:
    """The job file and the recipe, with dotted keys.

    Raises:
        RegistryError: A file cannot be read.
    """
    job = version.read(JOB)
    return {**flat(model_of(version).recipe), **flat(job if isinstance(job, dict) else {})}


def flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give every value of a record a dotted key.

    Example:
        >>> flat({"training": {"epochs": 3, "seed": 7}, "output": "runs"})
        {'training.epochs': 3, 'training.seed': 7, 'output': 'runs'}
    """
    found: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


class Weights(NamedTuple):
    """How large a model is."""

    tensors: int
    parameters: int


def weights_of(version: Version) -> Weights:
    """Count the parameters by the header of the weights.

    Raises:
        RegistryError: They cannot be read.
    """
    path = version.folder / WEIGHTS
    try:
        with safe_open(path, framework="numpy") as tensors:
            shapes = [tensors.get_slice(name).get_shape() for name in tensors.keys()]  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        msg = f"{path}: must hold tensors (safetensors): {error}"
        raise RegistryError(msg) from error
    return Weights(len(shapes), sum(prod(shape) for shape in shapes))


def fates_of(version: Version) -> dict[str, int]:
    """What became of the rows of the log: read, kept, then those left out by their reason.

    Raises:
        RegistryError: ``lineage.json`` cannot be read.
    """
    rows = version.lineage.rows
    if rows is None:
        return {}
    left_out = {
        **{f"filtered: {name}": count for name, count in rows.filtered.items()},
        **{f"rejected: {name}": count for name, count in rows.rejected.items()},
    }
    return {"read": rows.read, "kept": rows.kept, **left_out}
