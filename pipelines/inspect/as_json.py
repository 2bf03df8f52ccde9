"""What was inspected, for machines: plain dicts, undefined numbers null."""

import json
from dataclasses import asdict
from math import isfinite
from typing import Any

import numpy as np

from pipelines.inspect.bins import length_quantile, places
from pipelines.inspect.counts import Ids, Part
from pipelines.inspect.drift import Finding, left_out_of
from pipelines.inspect.grid import Numbers
from pipelines.inspect.one_list import OneList
from pipelines.inspect.profile import Profile

QUANTILES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


def written(content: Any) -> str:  # noqa: ANN401 - what json takes
    """Write as JSON that every parser reads: no NaN, no infinity."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def profile_json(profile: Profile) -> dict[str, Any]:
    """Everything of a profile but the vocabularies themselves."""
    manifest = profile.manifest
    fates = {"rows": manifest.rows, "events": manifest.events}
    return {
        "folder": str(profile.folder),
        "encoder": manifest.encoder,
        "features": [feature.model_dump() for feature in profile.features],
        **{
            name: None if one is None else {**one.model_dump(), "left_out": left_out_of(one)}
            for name, one in fates.items()
        },
        "varying": dict(manifest.varying),
        "parts": {name: _part(part) for name, part in profile.parts.items()},
        "all": _part(profile.whole),
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """One finding; an infinite limit or noise is null."""
    found = {**asdict(finding), "broken": finding.broken, "unsure": finding.unsure}
    return {name: _finite(value) for name, value in found.items()}


def list_json(found: OneList) -> dict[str, Any]:
    """One list with its features decoded."""
    return asdict(found)


def _part(part: Part) -> dict[str, Any]:
    return {
        "lists": part.lists,
        "documents": part.documents,
        "blank": part.blank.hits,
        "single": part.single,
        "relevant": part.relevant.hits,
        "grades": _nonzero(part.grades),
        "lengths": _nonzero(part.lengths),
        "length_quantiles": {str(at): length_quantile(part.lengths, at) for at in QUANTILES},
        "positions": [one._asdict() for one in places(part)],
        "ids": {column: _ids(found) for column, found in part.ids.items()},
        "numbers": {column: _numbers(found) for column, found in part.numbers.items()},
    }


def _ids(found: Ids) -> dict[str, Any]:
    return {
        "size": len(found.counts),
        "used": found.used,
        "rows": found.rows,
        "empty": found.empty,
        "ids": found.unseen.units,
        "unseen": found.unseen.hits,
        "unseen_share": found.unseen.value,
    }


def _numbers(found: Numbers) -> dict[str, Any]:
    quantiles = {str(at): found.quantile(at) for at in QUANTILES}
    return {"count": found.total, "mean": found.mean(), "quantiles": quantiles}


def _nonzero(counts: Any) -> dict[str, int]:  # noqa: ANN401 - an array
    return {str(at): int(counts[at]) for at in np.flatnonzero(counts)}


def _finite(value: Any) -> Any:  # noqa: ANN401 - a field's value
    return None if isinstance(value, float) and not isfinite(value) else value
