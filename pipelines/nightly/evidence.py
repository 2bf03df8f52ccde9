"""What the gate decides by, from what the evaluation of the night left."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from pipelines.gate import Absent, Evidence, Ranked
from pipelines.nightly.context import Night
from pipelines.nightly.make import CHAMPION, SCORES, not_comparable, read_findings

if TYPE_CHECKING:
    from torch import Tensor

    from ltr.data.reader import Lists

NO_LISTS = "there is no earlier night whose lists could be compared"
CANDIDATE = "candidate"
"""What it is called as long as it is no version."""


def evidence_of(night: Night) -> Evidence:
    """Gather the headline metric of every ranker, the slices, and how the lists differ."""
    from ltr.data.reader import Lists
    from ltr.training import ModelCard
    from pipelines.gate.measure import ranked, slice_words
    from pipelines.jobs.evaluate import MODEL

    lists = Lists(night.folders.lists, "test")
    scores = _scores(night)
    values = {name: _headline(night, one, lists) for name, one in scores.items()}
    loss = ModelCard.load(night.folders.model).recipe.loss
    baselines = {name: one for name, one in values.items() if name not in (MODEL, CHAMPION)}
    return Evidence(
        metric=metric_of(night),
        candidate=ranked(CANDIDATE, scores[MODEL], values[MODEL], lists, loss),
        champion=_champion(night, scores, values, lists),
        baselines={
            n: np.asarray(one, np.float64) for n, one in baselines.items() if one is not None
        },
        slices=slice_words(lists, night.job.gate.slices),
        findings=read_findings(night),
        no_findings=NO_LISTS,
    )


def metric_of(night: Night) -> str:
    """The headline metric: NDCG at 10 if that is a cutoff of the report, else at the largest."""
    cutoffs = night.job.evaluation.cutoffs
    return f"ndcg@{10 if 10 in cutoffs else max(cutoffs)}"


def _scores(night: Night) -> dict[str, "Tensor"]:
    import polars as pl

    found = pl.read_ipc(night.folders.report / SCORES)
    return {name: found[name].to_torch() for name in found.columns}


def _headline(night: Night, scores: "Tensor", lists: "Lists") -> "Tensor | None":
    """The metric of every list; None where scores are no numbers."""
    from pipelines.jobs.evaluate import measure
    from pipelines.report import Rules, all_ks

    if not bool(scores.isfinite().all()):
        return None
    rules = Rules(**night.job.evaluation.model_dump(include=set(Rules.model_fields)))
    return measure(scores, lists, rules)[:, all_ks(rules).index(rules.headline_cutoff)]


def _champion(
    night: Night,
    scores: Mapping[str, "Tensor"],
    values: Mapping[str, "Tensor | None"],
    lists: "Lists",
) -> "Ranked | Absent | None":
    from ltr.training import ModelCard
    from pipelines.gate.measure import ranked

    champion = night.champion
    if champion is None:
        return None
    if (why := not_comparable(night)) is not None or CHAMPION not in scores:
        return Absent(name=champion.name, why=why or "it gave no scores")
    loss = ModelCard.load(champion.folder).recipe.loss
    return ranked(champion.name, scores[CHAMPION], values[CHAMPION], lists, loss)
