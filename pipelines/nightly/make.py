"""The first half of a night: lists of the window, how they differ, a candidate, and its report."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pydantic import JsonValue, TypeAdapter
from pydantic_core import to_json

from ltr.atomic import replace_folder, write_file
from ltr.data.manifest import ListsError, Manifest, checksum
from pipelines.engines import EngineName
from pipelines.errors import JobError
from pipelines.nightly.context import CODE, DRIFT, Night
from pipelines.nightly.inputs import changed_files, lists_digest
from pipelines.nightly.nights import NIGHTS, sound
from pipelines.nightly.steps import Task
from pipelines.spill.work import WORK

if TYPE_CHECKING:
    from pipelines.inspect.drift import Finding
    from pipelines.jobs.evaluate import Rival

SECTIONS: Final = (
    *("log", "events", "acted", "grades", "features", "filters", "propensity"),
    *("lists", "split", "leakage"),
)
"""What lists are made by."""
CHAMPION, SCORES = "champion", "scores.arrow"
WEIGHTS = "model.safetensors"


def lists_of(night: Night) -> Task:
    """Make lists of the window; the champion's ids keep their numbers in them."""
    champion = night.champion
    encoder = champion.encoder if champion else None
    files = {f"{one.table} {one.file}": one.sha256 for one in night.files}
    key: dict[str, JsonValue] = {
        **night.sections(*SECTIONS),
        "date": night.date.isoformat(),
        "files": dict(files),
        "champion": encoder.fingerprint if encoder else None,
        "code": dict(CODE),
    }

    def work() -> None:
        from pipelines.jobs.prepare import make_lists

        with night.progress("prepare") as progress:
            make_lists(night.log, night.job, night.folders, progress, night.engine, encoder)
        if changed := changed_files(night.log, night.log_folder, night.files):
            night.folders.lists.unlink()  # what they were made of has no checksum
            msg = f"{changed[0]}: changed while it was read; run the night again"
            raise JobError(msg)

    return Task("prepare", key, work, night.folders.lists, night.folders.run / WORK)


def drift_of(night: Night) -> Task:
    """Compare the lists with those of the last night before whose lists had not drifted."""
    reference, lists = _reference(night), night.folders.lists
    key: dict[str, JsonValue] = {
        **night.sections("drift"),
        "lists": lists_digest(lists),
        "reference": lists_digest(reference) if reference else None,
    }

    def work() -> None:
        findings = _findings(night, reference) if reference else None
        rows = None if findings is None else [asdict(one) for one in findings]
        content = to_json(rows, inf_nan_mode="strings", indent=1)
        write_file(night.folder / DRIFT, content + b"\n")

    return Task("drift", key, work, night.folder / DRIFT)


def read_findings(night: Night) -> "list[Finding] | None":
    """What the step found; None if there was nothing to compare with."""
    from pipelines.inspect.drift import Finding

    form = TypeAdapter(list[Finding] | None)
    return form.validate_json((night.folder / DRIFT).read_bytes())


def _findings(night: Night, reference: Path) -> "list[Finding] | None":
    from pipelines.inspect.drift import compare
    from pipelines.inspect.profile import profile

    with night.progress("drift") as progress:
        new = profile(night.folders.lists, progress)
        try:
            old = profile(reference, progress)
        except ListsError as error:
            night.say(f"nothing to compare with: {error}")
            return None
    return compare(old, new, night.job.drift)


def _reference(night: Night) -> Path | None:
    """The lists of the last night before this one that were as they should be.

    Not those that the champion was trained on: a log that changes day by day is far from them after
    some weeks without a better model, and no night would train one any more.
    """
    for earlier in sound(night.output / NIGHTS, night.date.isoformat()):
        try:
            Manifest.load(earlier / "lists")
        except ListsError:  # removed, or damaged: an old night is no reason to fail this one
            continue
        return earlier / "lists"
    return None


def model_of(night: Night) -> Task:
    """Train the candidate."""
    begin = _begin(night)
    key: dict[str, JsonValue] = {
        **night.sections("towers", "loss"),
        "training": night.job.training.config.model_dump(mode="json"),
        "lists": lists_digest(night.folders.lists),
        "begins with": checksum(begin / WEIGHTS) if begin else None,
        "code": dict(CODE),
    }

    def work() -> None:
        if begin and night.champion:
            night.say(f"the training begins with {night.champion.name}")
        _train(night, begin)

    return Task("train", key, work, night.folders.model, night.folders.snapshots)


def _begin(night: Night) -> Path | None:
    """The champion's folder, if a training can begin with it."""
    from ltr.training import ModelCard, ModelError
    from ltr.training.warm_start import check_parent

    champion = night.champion
    if not night.job.nightly.warm_start or champion is None or champion.damage:
        return None
    features = Manifest.load(night.folders.lists).features
    try:
        check_parent(ModelCard.load(champion.folder), features, night.job.recipe)
    except ModelError as error:
        night.say(f"the training begins with initial weights: {error}")
        return None
    return champion.folder.resolve()


class _Processes(NamedTuple):
    """How a training in several processes is started."""

    nproc: int
    engine: EngineName
    warm_start: str
    profile: bool = False
    unattended: bool = True


def _train(night: Night, begin: Path | None) -> None:
    if night.num_processes > 1:
        from pipelines.jobs.processes import train_in_processes

        how = _Processes(night.num_processes, night.engine, str(begin or ""))
        train_in_processes(night.job_file, night.folders, how)
        return
    from pipelines.jobs.train import run

    with night.progress("train") as progress:
        run(night.job, replace(night.folders, begin=begin), progress, unattended=True)


def report_of(night: Night) -> Task:
    """Measure candidate, champion and baselines on the same held-out lists."""
    champion = night.champion
    why = not_comparable(night)
    key: dict[str, JsonValue] = {
        **night.sections("evaluation"),
        "lists": lists_digest(night.folders.lists),
        "model": checksum(night.folders.model / WEIGHTS),
        "champion": why or (champion.digest if champion else None),
        "code": dict(CODE),
    }
    return Task("evaluate", key, lambda: _evaluate(night, why), night.folders.report)


def not_comparable(night: Night) -> str | None:
    """Why the champion is not compared on these lists; None if it is, or if there is none."""
    from ltr.training import ModelCard, ModelError
    from pipelines.config import parse_job
    from pipelines.second_encoding import lacking

    champion, lists = night.champion, night.folders.lists
    if champion is None or champion.encoder is None:
        return champion.damage if champion else None
    if champion.date and champion.date > night.date:
        return f"it is of a later night, {champion.date}: it may have learned from these lists"
    # As it was expanded: with the columns that a pattern stands for.
    features = parse_job(dict(Manifest.load(lists).job)).features
    if why := lacking(champion.encoder, features):
        return why
    try:
        ModelCard.load(champion.folder).check_lists(Manifest.load(lists / CHAMPION))
    except ModelError as error:
        return str(error)
    return None


def _evaluate(night: Night, why: str | None) -> None:
    import polars as pl

    from pipelines.jobs.evaluate import MODEL, measured, score_all

    with night.progress("evaluate") as progress, replace_folder(night.folders.report) as folder:
        with progress.step("score"):
            scores = score_all(night.folders, _rivals(night, why))
        columns = {name: pl.Series(one.numpy()) for name, one in scores.items()}
        pl.DataFrame(columns).write_ipc(folder / SCORES)
        finite = {name: one for name, one in scores.items() if bool(one.isfinite().all())}
        if MODEL in finite:  # without it there is nothing to report, and the gate says so
            measured(night.job, night.folders, progress, finite).write(folder)


def _rivals(night: Night, why: str | None) -> "Sequence[Rival]":
    from pipelines.jobs.evaluate import Rival

    if night.champion is None or why is not None:
        return ()
    return [Rival(CHAMPION, night.champion.folder, night.folders.lists / CHAMPION)]
