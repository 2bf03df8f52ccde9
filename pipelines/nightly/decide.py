"""The second half of a night: decide, keep the candidate, promote it, score the day."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from ltr.atomic import write_file
from ltr.data.manifest import Manifest, checksum
from pipelines.errors import JobError
from pipelines.nightly.context import CODE, DRIFT, GATE, REGISTER, Night
from pipelines.nightly.inputs import day_digests, file_digests
from pipelines.nightly.make import SCORES, WEIGHTS, not_comparable
from pipelines.nightly.steps import Task
from pipelines.registry import About, Lineage
from pipelines.sources import is_url

if TYPE_CHECKING:
    from pipelines.gate import Verdict

LISTS, REPORT = "lists.parquet", "report.json"


class ChampionChangedError(JobError):
    """Another version became the champion while the night compared with the one before."""


def decision_of(night: Night) -> Task:
    """Ask the gate."""
    key: dict[str, JsonValue] = {
        **night.sections("gate"),
        "report": file_digests(night.folders.report, (SCORES, LISTS)),
        "drift": file_digests(night.folder, (DRIFT,)),
        "champion": not_comparable(night) or (night.champion.digest if night.champion else None),
        "forced": night.pinned.forced,
    }

    def work() -> None:
        from pipelines.gate import judge
        from pipelines.nightly.evidence import evidence_of

        verdict = judge(evidence_of(night), night.job.gate, forced=night.pinned.forced)
        write_file(night.folder / GATE, (verdict.model_dump_json(indent=1) + "\n").encode())

    return Task("decide", key, work, night.folder / GATE)


def read_verdict(night: Night) -> "Verdict":
    """What the gate said."""
    from pipelines.gate import Verdict

    return Verdict.model_validate_json((night.folder / GATE).read_bytes())


def entry_of(night: Night) -> Task:
    """Keep the candidate as a version, whatever becomes of it."""
    parent = _parent(night)
    key: dict[str, JsonValue] = {
        "model": checksum(night.folders.model / WEIGHTS),
        "parent": parent,
    }

    def work() -> str:
        report = night.folders.report / REPORT
        about = About(
            lineage=_lineage(night, parent),
            evaluation=report if report.exists() else None,
            gate=night.folder / GATE,
            job=None if (night.folders.model / "job.json").exists() else _job(night),
        )
        return night.registry.add(night.folders.model, about).name

    return Task(REGISTER, key, work)


def _parent(night: Night) -> str | None:
    """The version whose weights the training began with."""
    from ltr.training import ModelCard

    begun = ModelCard.load(night.folders.model).parent is not None
    return night.champion.name if begun and night.champion else None


def _job(night: Night) -> dict[str, JsonValue]:
    return dict(Manifest.load(night.folders.lists).job)


def _lineage(night: Night, parent: str | None) -> Lineage:
    manifest = Manifest.load(night.folders.lists)
    return Lineage(
        code=CODE["ltr"],
        date=night.date,
        parent=parent,
        files=night.files,
        rows=manifest.rows,
        events=manifest.events,
        lists={name: split.lists for name, split in manifest.splits.items()},
    )


def promotion_of(night: Night, verdict: "Verdict") -> Task:
    """Make the candidate the champion.

    Raises:
        ChampionChangedError: The champion is not the one that the candidate was compared with.
    """
    name = night.candidate
    key: dict[str, JsonValue] = {"candidate": name, "why": verdict.why, "forced": verdict.forced}

    def work() -> None:
        assert name is not None
        now = night.registry.pointer()
        if not night.owns(now):
            msg = f"the champion was {night.pinned.champion} when the night began and is {now} now"
            raise ChampionChangedError(msg)
        record = night.registry.promote(name, why=verdict.why, forced=verdict.forced, over=now)
        tracking = night.job.tracking
        if tracking.mlflow is not None:
            from pipelines.registry.mlflow_log import log_promotion

            version, uri = night.registry.version(name), tracking.mlflow
            log_promotion(version, record, uri=uri, experiment=tracking.experiment)

    return Task("promote", key, work)


def scores_of(night: Night, verdict: "Verdict | None") -> Task | None:
    """Score the day with the model that the night decided for; None: there is nothing to score."""
    pattern = night.job.nightly.score
    now = night.registry.pointer()
    kept = now if night.owns(now) else night.pinned.champion
    name = night.candidate if verdict and verdict.promote else kept
    if pattern is None or name is None:
        return None
    _refuse_damaged(night, name)
    model = night.registry.version(name)
    log = pattern if is_url(pattern) else str(night.log_folder / pattern)
    key: dict[str, JsonValue] = {
        "log": day_digests(log, night.job.log.format, night.date),
        "model": model.digest,
        "code": dict(CODE),
    }
    return Task("score", key, lambda: _score(night, model.folder, log), night.folder / "scored")


def _refuse_damaged(night: Night, name: str) -> None:
    """A model whose files are not what they were gives no scores.

    Raises:
        JobError: It is the champion that was pinned, and its files are damaged.
    """
    if name == night.pinned.champion and (damage := night.pinned.damage):
        msg = (
            f"the champion {name} stays and must not score the day: {damage}; go back with "
            f"`ltr models rollback`, or promote {night.candidate} with --force"
        )
        raise JobError(msg)


def _score(night: Night, model: Path, log: str) -> JsonValue:
    from pipelines.scoring import score_log

    out, kind = night.folder / "scored", night.job.log.format
    with night.progress("score") as progress:
        scored = score_log(model, log, out, progress, kind=kind, last_day=night.date)
    return {"rows": scored.rows, "rejected": dict(scored.rejected)}
