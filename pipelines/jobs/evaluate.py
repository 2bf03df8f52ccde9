"""``ltr evaluate``: the model and the baselines on held-out lists in, a report out."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl
import torch
from torch import Tensor

from ltr.atomic import replace_folder
from ltr.data.manifest import ListsError, Manifest
from ltr.data.manifest import Split as SplitCounts
from ltr.data.reader import Lists
from ltr.training.checkpoint import EpochRecord, ModelCard, ModelError, load_history, load_ranker
from ltr.training.scoring import score
from pipelines.baselines import baseline_scores, positives_by_position
from pipelines.config import Evaluation, Job
from pipelines.encoder import Encoder
from pipelines.held_out import held_out_table
from pipelines.jobs.folders import Folders
from pipelines.progress import Progress
from pipelines.report import (
    LOGGED_ORDER_NOTE,
    Comparison,
    Data,
    Epoch,
    PositionRate,
    Report,
    Rules,
    Split,
    Training,
    all_ks,
    compare,
    write_report,
)
from pipelines.report.table_record import TableReport
from pipelines.report.words import interval, number, signed
from pipelines.table.columns import Columns
from pipelines.table.metrics import Scoring, tensor_values
from pipelines.table.names import Metric, parse_metrics
from pipelines.table.rows import RowsJob, evaluate_rows
from pipelines.table.sure import Sure

MODEL = "model"


class Rival(NamedTuple):
    """Another model that ranks the same test lists, and is shown among the baselines."""

    name: str
    model: Path
    lists: Path
    """The same lists in the same order, as its own encoder makes them."""


def run(job: Job, folders: Folders, progress: Progress) -> str:
    """Measure the model and the baselines on the test lists and write the report.

    Raises:
        ListsError: There are no lists, or they are not as their manifest says.
        ModelError: There is no model, it was trained on lists of another encoder, or its scores
            are not finite.
    """
    with progress.step("score"):
        scores = score_all(folders)
    refuse_bad(folders.model, scores[MODEL])
    found = measured(job, folders, progress, scores)
    with progress.step("write"), replace_folder(folders.report) as folder:
        found.write(folder)
    rules = found.report.rules
    return _summary(folders.report, found.comparison, rules)


class Measured(NamedTuple):
    """The report, and what it was made of."""

    report: Report
    comparison: Comparison
    lists: pl.DataFrame
    """One row per test list."""

    def write(self, folder: Path) -> None:
        """Write all that is in a report's folder."""
        write_report(self.report, folder)
        self.lists.write_parquet(folder / "lists.parquet")


def measured(job: Job, folders: Folders, progress: Progress, scores: dict[str, Tensor]) -> Measured:
    """Compare what was scored: the model with all others.

    Args:
        job: How to measure.
        folders: Of the run.
        progress: Where to show it.
        scores: By ranker, ``[docs]`` each, all finite.
    """
    manifest, card = Manifest.load(folders.lists), ModelCard.load(folders.model)
    lists = Lists(folders.lists, "test")
    rules = Rules(**job.evaluation.model_dump(include=set(Rules.model_fields)))
    with progress.step("measure"):
        values = {name: measure(one, lists, rules) for name, one in scores.items()}
    with progress.step("compare"):
        comparison = compare(values[MODEL], {n: v for n, v in values.items() if n != MODEL}, rules)
    with progress.step("slices"):
        against = _Against(comparison, rules, job.evaluation)
        of_lists = report_of_lists(folders, manifest, scores, against)
    report = Report(
        job=folders.run.resolve().name,
        rules=rules,
        **comparison._asdict(),
        lists=of_lists,
        positions=_positions(_shards(folders.lists, manifest.splits["test"])),
        training=_training(card, load_history(folders.model)),
        data=_data(manifest),
        notes=(LOGGED_ORDER_NOTE,),
    )
    return Measured(report, comparison, per_list(folders, manifest, values, rules))


def score_all(folders: Folders, rivals: Sequence[Rival] = ()) -> dict[str, Tensor]:
    """Return the scores of the model, of the rivals and of every baseline, ``[docs]`` each.

    Raises:
        ListsError: There are no lists, or they are not as their manifest says.
        ModelError: A model is missing, or was trained on lists of another encoder.
    """
    models = (Rival(MODEL, folders.model, folders.lists), *rivals)
    scored = {one.name: _scores(one.model, one.lists) for one in models}
    splits = Manifest.load(folders.lists).splits
    baselines = baseline_scores(
        _shards(folders.lists, splits["train"]), _shards(folders.lists, splits["test"])
    )
    return {**scored, **{name: scores.to_torch() for name, scores in baselines.items()}}


def refuse_bad(model: Path, scores: Tensor) -> None:
    """Refuse scores by which nothing can be ranked.

    Raises:
        ModelError: One is not finite.
    """
    if bad := int((~scores.isfinite()).sum()):
        msg = f"{model}: scores must be finite; got {bad} of {len(scores)} that are not"
        raise ModelError(msg)


def _scores(model: Path, folder: Path) -> Tensor:
    ModelCard.load(model).check_lists(Manifest.load(folder))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return score(load_ranker(model).to(device), Lists(folder, "test"), device=device)


def measure(scores: Tensor, lists: Lists, rules: Rules) -> Tensor:
    """Return the NDCG of every list at every k of the report, ``[lists, k]``."""
    metrics = tuple(Metric(name=f"ndcg@{k}", function="ndcg", k=k) for k in all_ks(rules))
    scoring = Scoring(metrics=metrics, arguments={"gain": rules.gain})
    tensors = {"scores": scores, "labels": lists.grades(), "lengths": lists.lengths}
    if rules.unbiased:
        tensors["weights"] = _inverse_propensities(lists)
    return torch.stack([values for _, values in tensor_values(tensors, scoring)], -1)


class _Against(NamedTuple):
    """What the model is compared with, and how."""

    comparison: Comparison
    rules: Rules
    asked: Evaluation

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """NDCG at the cutoffs, the headline's first, and what else was asked for."""
        lead = self.rules.headline_cutoff
        ks = [lead, *(k for k in self.rules.cutoffs if k != lead)]
        return parse_metrics(",".join([*(f"ndcg@{k}" for k in ks), *self.asked.metrics]))

    @property
    def baseline(self) -> str:
        """The best baseline at the headline cutoff."""
        lead = self.rules.headline_cutoff
        return next(one.baseline for one in self.comparison.differences if one.cutoff == lead)


def report_of_lists(
    folders: Folders, manifest: Manifest, scores: dict[str, Tensor], against: _Against
) -> TableReport:
    """Compare the model with the best baseline as two columns of a scored table are."""
    asked, shards = against.asked, _shards(folders.lists, manifest.splits["test"])
    columns = Columns(
        query="query",
        label="grade",
        score=MODEL,
        document="document",
        baseline=against.baseline,
        position="logged position",
        propensity="propensity" if asked.unbiased else None,
        frequency=asked.frequency,
        by=asked.by,
    )
    series = {name: pl.Series(one.cpu().numpy()) for name, one in scores.items()}
    encoder = Encoder.load(folders.lists / "encoder")
    table = held_out_table(shards, series, encoder, columns).lazy()
    return evaluate_rows(
        table,
        columns,
        RowsJob(
            source="held-out lists",
            metrics=against.metrics,
            definitions={"gain": asked.gain},
            sure=Sure(
                blank=asked.blank,
                confidence=asked.confidence,
                resamples=asked.resamples,
                seed=asked.seed,
            ),
        ),
    )


def _inverse_propensities(lists: Lists) -> Tensor:
    propensities = lists.propensities()
    if propensities is None:
        msg = f"evaluation.unbiased needs propensities; the {lists.split} lists have none"
        raise ListsError(msg)
    return propensities.reciprocal()


def per_list(
    folders: Folders, manifest: Manifest, values: dict[str, Tensor], rules: Rules
) -> pl.DataFrame:
    """Return one row per test list: its id, length and every ranker's NDCG at the cutoffs."""
    shards = _shards(folders.lists, manifest.splits["test"])
    queries = pl.scan_ipc(shards, glob=False).select(
        "query_id", "time", documents=pl.col("grade").list.len()
    )
    columns = {
        f"{name}: ndcg@{k}": pl.Series(one[:, all_ks(rules).index(k)].numpy()).fill_nan(None)
        for name, one in values.items()
        for k in rules.cutoffs
    }
    return queries.collect().with_columns(**columns)


def _shards(folder: Path, split: SplitCounts) -> list[Path]:
    return [folder / shard.file for shard in split.shards]


def _positions(shards: list[Path]) -> tuple[PositionRate, ...]:
    return tuple(PositionRate(**row) for row in positives_by_position(shards).to_dicts())


def _training(card: ModelCard, history: list[EpochRecord]) -> Training:
    return Training(
        loss=card.recipe.loss.name,
        arguments=card.recipe.loss.arguments,
        towers=card.recipe.towers.model_dump(mode="json"),
        epochs=tuple(Epoch(**one.model_dump(exclude={"is_best"})) for one in history),
        best_epoch=card.best_epoch,
    )


def _data(manifest: Manifest) -> Data:
    splits = {
        name: Split(**split.model_dump(exclude={"shards"}))
        for name, split in manifest.splits.items()
    }
    return Data(rows=manifest.rows, events=manifest.events, **splits)


def _summary(folder: Path, comparison: Comparison, rules: Rules) -> str:
    cutoff = rules.headline_cutoff
    model = comparison.model.ndcg[cutoff]
    difference = next(one for one in comparison.differences if one.cutoff == cutoff)
    gain = difference.estimate
    return (
        f"wrote {folder / 'report.html'}, report.md, report.json and lists.parquet\n"
        f"NDCG@{cutoff} {number(model.value)} {interval(model)} over {model.lists:,} lists "
        f"({model.blank:,} without a relevant document: {rules.blank})\n"
        f"{signed(gain.value)} {interval(gain, sign=True)} against {difference.baseline}"
    )
