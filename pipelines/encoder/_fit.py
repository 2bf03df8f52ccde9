"""Fit: counts to columns that encode."""

from collections.abc import Mapping

from pipelines.config import Features
from pipelines.encoder._column import About, EncodedColumn, with_owners
from pipelines.encoder._counts import Counts
from pipelines.encoder._scale import Affine, Knots, affine
from pipelines.encoder._vocabulary import Vocabulary
from pipelines.errors import EncoderError


def fitted(
    counts: Counts, features: Features, known: Mapping[str, Vocabulary]
) -> tuple[EncodedColumn, ...]:
    """Learn every column; ``known`` are yesterday's vocabularies.

    Raises:
        EncoderError: The counts are of other features.
    """
    abouts = (
        About(side=side, name=name, kind=kind, settings=chosen.column(name))
        for side, chosen in features.sides.items()
        for name, kind in chosen.kinds.items()
    )
    try:
        fitted_alone = [
            _fitted(about, counts, features.min_count, known)
            if about.settings.vocabulary is None
            else EncodedColumn(about)
            for about in abouts
        ]
        return with_owners(fitted_alone)
    except KeyError as error:
        msg = f"the counts must be of the features to fit; they lack {error}"
        raise EncoderError(msg) from None


def _fitted(
    about: About, counts: Counts, min_count: int, known: Mapping[str, Vocabulary]
) -> EncodedColumn:
    if about.kind == "number":
        return _number(about, counts)
    settings = about.settings
    if settings.buckets is not None:
        return EncodedColumn(about.model_copy(update={"size": settings.buckets + 1}))
    vocabulary = Vocabulary.fit(
        counts.ids[about.column],
        min_count=settings.min_count or min_count,
        max_ids=settings.max_ids,
        previous=known.get(about.column),
    )
    return EncodedColumn(about.model_copy(update={"size": vocabulary.size}), vocabulary)


def _number(about: About, counts: Counts) -> EncodedColumn:
    match about.settings.scale:
        case "standard" | "minmax":
            scale = affine(about.settings, counts.moments[about.column])
            return EncodedColumn(about.model_copy(update={"scale": scale}))
        case "uniform" | "normal" as form:
            return EncodedColumn(about, knots=Knots.fit(form, counts.histograms[about.column]))
        case "none":
            return EncodedColumn(about.model_copy(update={"scale": Affine()}))
        case "list_minmax" | "list_standard":
            return EncodedColumn(about)
