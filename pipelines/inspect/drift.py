"""Compare two folders of lists: what moved, by how much, and whether that is more than allowed.

A rule is broken only above its limit and above the noise that so few lists make by themselves, so
that a small sample does not stop a job; what it cannot tell is said beside the number.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ltr.data.manifest import Events, Feature, Rows
from pipelines.config import Drift
from pipelines.inspect.measures import (
    DEVIATIONS,
    binned,
    binned_lengths,
    ratio,
    share_noise,
    stability,
    stability_noise,
)
from pipelines.inspect.profile import Profile
from pipelines.inspect.shards import Array


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One rule applied to one subject.

    Attributes:
        rule: The key of ``[drift]``, or "schema", which has no limit to set.
        subject: What of the lists it is about.
        reference: The reference's own number (a share, a median, a count), None if undefined.
        candidate: The candidate's.
        value: How far apart they are, in the rule's measure; None if they cannot be compared.
        limit: What ``value`` may be at most.
        noise: What ``value`` exceeds once in a thousand times without any change.
        note: Why there is no value, or what else to know.
    """

    rule: str
    subject: str
    value: float | None
    limit: float
    noise: float = 0.0
    reference: float | None = None
    candidate: float | None = None
    note: str = ""

    @property
    def broken(self) -> bool:
        """Whether a job must stop."""
        return self.value is not None and self.value > max(self.limit, self.noise)

    @property
    def unsure(self) -> bool:
        """Whether the lists are too few to tell: the noise alone is above the limit."""
        return self.value is not None and self.noise > self.limit and self.rule != "schema"


def compare(reference: Profile, candidate: Profile, limits: Drift) -> list[Finding]:
    """Apply every rule; broken ones first, then in the order of the rules.

    Args:
        reference: The lists that are known to be good, e.g. those of the model in use.
        candidate: The lists to judge.
        limits: The section ``[drift]`` of a job file.

    Returns:
        A finding for every rule that is not off and every subject, those that hold included.
    """
    both = Both(reference, candidate, limits)
    found = [
        *_schema(both),
        _fewer_lists(both),
        _grades(both),
        _relevant(both),
        _blank(both),
        _lengths(both),
        *_rejected(both),
        *_features(both),
    ]
    applied = (one for one in found if one.rule not in limits.off)
    return sorted(applied, key=lambda one: not one.broken)


@dataclass(frozen=True, slots=True)
class Both:
    """What is compared, and the limits."""

    reference: Profile
    candidate: Profile
    limits: Drift

    @property
    def lists(self) -> tuple[int, int]:
        """How many lists each has."""
        return self.reference.whole.lists, self.candidate.whole.lists

    @property
    def empty(self) -> bool:
        """Whether one of the two has no list."""
        return 0 in self.lists


def _schema(both: Both) -> Iterator[Finding]:
    """A column that came, went or became another kind; grades that are made by other rules."""
    old, new = (
        {one.column: _form(one) for one in p.features} for p in (both.reference, both.candidate)
    )
    for column in sorted(old.keys() | new.keys()):
        if old.get(column) != new.get(column):
            was, now = (kinds.get(column, "not there") for kinds in (old, new))
            change = f"{was} in the reference, {now} now"
            yield Finding(rule="schema", subject=column, value=1, limit=0, note=change)
    told = both.reference.manifest.grading != both.candidate.manifest.grading
    note = "grades are made by other rules: their mix means something else" if told else ""
    yield Finding(rule="schema", subject="grade rules", value=float(told), limit=0, note=note)


def _form(feature: Feature) -> str:
    return f"weighted {feature.kind}" if feature.weighted else feature.kind


def _fewer_lists(both: Both) -> Finding:
    old, new = both.lists
    # An empty folder is no noise, however few lists the reference has.
    noise = DEVIATIONS * float(np.sqrt(old + min(old, new))) / old if old and new else 0.0
    return Finding(
        rule="fewer_lists",
        subject="lists",
        value=max(1 - new / old, 0.0) if old else None,
        limit=both.limits.fewer_lists,
        noise=noise,
        reference=old,
        candidate=new,
        note="" if old else "the reference has no list",
    )


def _grades(both: Both) -> Finding:
    old, new = both.reference.whole.grades, both.candidate.whole.grades
    bins = int(((old + new) > 0).sum())
    return Finding(
        rule="grades",
        subject="grades of documents",
        value=None if both.empty else stability(old, new),
        limit=both.limits.grades,
        noise=stability_noise(bins, both.lists),
        reference=_mean_of(old),
        candidate=_mean_of(new),
        note=_no_lists(both),
    )


def _relevant(both: Both) -> Finding:
    old, new = both.reference.whole.relevant, both.candidate.whole.relevant
    factor, noise = (None, 0.0) if both.empty else ratio(old, new)
    return Finding(
        rule="relevant",
        subject="relevant documents",
        value=factor,
        limit=both.limits.relevant,
        noise=noise,
        reference=old.value,
        candidate=new.value,
        note=_no_lists(both),
    )


def _blank(both: Both) -> Finding:
    old, new = both.reference.whole.blank, both.candidate.whole.blank
    return Finding(
        rule="blank",
        subject="blank lists",
        value=None if both.empty else abs((new.value or 0) - (old.value or 0)),
        limit=both.limits.blank,
        noise=0.0 if both.empty else share_noise(old, new),
        reference=old.value,
        candidate=new.value,
        note=_no_lists(both),
    )


def _lengths(both: Both) -> Finding:
    sides = both.reference.whole, both.candidate.whole
    old, new = binned_lengths(*(side.lengths for side in sides))
    means = [side.documents / side.lists if side.lists else None for side in sides]
    return Finding(
        rule="lengths",
        subject="documents per list",
        value=None if both.empty else stability(old, new),
        limit=both.limits.lengths,
        noise=stability_noise(len(old), both.lists),
        reference=means[0],
        candidate=means[1],
        note=_no_lists(both),
    )


def _rejected(both: Both) -> Iterator[Finding]:
    old, new = both.reference.manifest, both.candidate.manifest
    yield from _by_reason("rows", old.rows, new.rows, both)
    if old.events and new.events:
        yield from _by_reason("events", old.events, new.events, both)


def _by_reason(what: str, old: Rows | Events, new: Rows | Events, both: Both) -> Iterator[Finding]:
    left_out = left_out_of(old), left_out_of(new)
    for reason in sorted(left_out[0].keys() | left_out[1].keys()):
        shares = [
            counts.get(reason, 0) / one.read if one.read else None
            for counts, one in zip(left_out, (old, new), strict=True)
        ]
        growth = None if None in shares else max((shares[1] or 0) - (shares[0] or 0), 0.0)
        middle = ((shares[0] or 0) + (shares[1] or 0)) / 2
        # All rows of a list may share their fate, so lists are counted, not rows.
        inverse = sum(1 / max(lists, 1) for lists in both.lists)
        yield Finding(
            rule="rejected",
            subject=f"{what}: {reason}",
            value=growth,
            limit=both.limits.rejected,
            noise=DEVIATIONS * float(np.sqrt(middle * (1 - middle) * inverse)),
            reference=shares[0],
            candidate=shares[1],
            note="" if growth is not None else f"no {what} were read",
        )


def left_out_of(counts: Rows | Events) -> dict[str, int]:
    """Return how many rows each reason or filter kept out of the lists."""
    filtered: dict[str, int] = getattr(counts, "filtered", None) or {}
    return {**counts.rejected, **filtered}


def _features(both: Both) -> Iterator[Finding]:
    """Columns that both have, with the same kind."""
    others = {(one.column, one.kind) for one in both.reference.features}
    for feature in both.candidate.features:
        if (feature.column, feature.kind) not in others:
            continue
        if feature.kind == "number":
            yield _number(both, feature)
        else:
            yield _unseen(both, feature)
            yield _new_ids(both, feature)


def _unseen(both: Both, feature: Feature) -> Finding:
    old, new = (one.whole.ids[feature.column].unseen for one in (both.reference, both.candidate))
    undefined = old.value is None or new.value is None
    return Finding(
        rule="unseen",
        subject=feature.column,
        value=None if undefined else max((new.value or 0) - (old.value or 0), 0.0),
        limit=both.limits.unseen,
        noise=0.0 if undefined else share_noise(old, new),
        reference=old.value,
        candidate=new.value,
        note="no id in one of the two" if undefined else "",
    )


def _new_ids(both: Both, feature: Feature) -> Finding:
    column = feature.column
    share = _share_of_new(both, column)
    error = 0.0
    if share is not None:
        rows = max(both.candidate.whole.lists, 1)
        error = DEVIATIONS * float(np.sqrt(share * (1 - share) / rows))
    ids = [one.whole.ids[column] for one in (both.reference, both.candidate)]
    return Finding(
        rule="new_ids",
        subject=column,
        value=share,
        limit=both.limits.new_ids,
        noise=error,
        reference=len(ids[0].counts) - 1,
        candidate=len(ids[1].counts) - 1,
        note="" if share is not None else "no vocabulary, or no known id, to compare",
    )


def _share_of_new(both: Both, column: str) -> float | None:
    """Of the candidate's known ids, by occurrence: those that the reference has no number for."""
    counts = both.candidate.whole.ids[column].counts[1:]
    if both.reference.manifest.encoder == both.candidate.manifest.encoder and counts.sum():
        return 0.0
    old = both.reference.decoder.vocabularies.get(column)
    new = both.candidate.decoder.vocabularies.get(column)
    if old is None or new is None or len(new) != len(counts) + 1 or not counts.sum():
        return None
    unknown = ~new[1:].is_in(old.drop_nulls().implode()).fill_null(value=False).to_numpy()
    return float(counts[unknown].sum() / counts.sum())


def _number(both: Both, feature: Feature) -> Finding:
    column = feature.column
    old, new = (one.whole.numbers[column] for one in (both.reference, both.candidate))
    note = _not_comparable(both, column)
    counts: tuple[Array, Array] | None = None if note else binned(old, new)
    return Finding(
        rule="numbers",
        subject=column,
        value=None if counts is None else stability(*counts),
        limit=both.limits.numbers,
        noise=0.0 if counts is None else stability_noise(len(counts[0]), both.lists),
        reference=old.quantile(0.5),
        candidate=new.quantile(0.5),
        note=note,
    )


def _not_comparable(both: Both, column: str) -> str:
    if both.empty:
        return _no_lists(both)
    sides = both.reference, both.candidate
    if sides[0].manifest.encoder == sides[1].manifest.encoder:
        return ""
    if not all(side.decoder.scales_back(column) for side in sides):
        return "scaled by two encoders, of which one does not tell the way back"
    return ""


def _mean_of(counts: Array) -> float | None:
    total = int(counts.sum())
    return float(np.arange(len(counts)) @ counts / total) if total else None


def _no_lists(both: Both) -> str:
    return "one of the two has no list" if both.empty else ""
