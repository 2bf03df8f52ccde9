"""Train a ranker on a folder of lists, keep its best epoch, and commit it by one rename."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn

from ltr.atomic import replace_folder
from ltr.data.batcher import BatchSize, TrainingBatches
from ltr.data.manifest import FILE, ListsError, checksum
from ltr.data.reader import Lists
from ltr.recipe import Recipe, TrainingConfig
from ltr.towers import make_ranker, process_group
from ltr.training.checkpoint import (
    ENCODER,
    OPTIMIZER,
    WEIGHTS,
    EpochRecord,
    ModelCard,
    Parent,
    save_job,
    save_records,
    save_tensors,
)
from ltr.training.objective import Objective
from ltr.training.progress import Progress, Silent
from ltr.training.ranks import noticing_lost_ranks
from ltr.training.run import Run
from ltr.training.selection import Selection
from ltr.training.signals import on_sigterm
from ltr.training.snapshots import Snapshots
from ltr.training.trainer import Trainer
from ltr.training.warm_start import Inheritance, WarmStart

AHEAD = 2
"""Batches made in the background while one is learned from."""


@dataclass(frozen=True, slots=True)
class SnapshotPolicy:
    """Where snapshots of a training are kept, and how often one is taken.

    Attributes:
        folder: Holds nothing else; it is removed when the model is written.
        every: Steps from one to the next.
        keep: How many of the last ones stay.
    """

    folder: Path
    every: int = 500
    keep: int = 3


def train(
    lists_folder: str | Path,
    out_folder: str | Path,
    recipe: Recipe,
    progress: Progress | None = None,
    snapshots: SnapshotPolicy | None = None,
    aside: Path | None = None,
    warm_start: WarmStart | None = None,
) -> list[EpochRecord]:
    """Train until the validation metric stops getting better, and write the best epoch's model.

    Runs on a GPU if there is one. On a CPU the same lists and the same recipe give the same model,
    bit for bit; with snapshots also if the process is killed and the call made again. Called in
    every process that torchrun started, it trains on all of them: tables are sharded, each batch is
    shared, and rank 0 writes the model.

    Args:
        lists_folder: A folder of lists, with a train and a validation split.
        out_folder: Where the model goes; an old one there is replaced when all is done.
        recipe: Towers, loss and training.
        progress: Is told of every batch and epoch.
        snapshots: Where to take snapshots and to go on from one; None: begin anew and keep none.
        aside: Folder for the batch that the training stops at when its loss or gradient is not
            finite; None to keep none.
        warm_start: The model to begin with; None: begin with initial weights.

    Returns:
        One record per epoch, also written to ``history.json``.

    Raises:
        ListsError: The folder is no valid folder of lists, or has no list to learn from or to
            validate on.
        RecipeError: An unknown loss, model or metric, or wrong arguments of it; found out before
            the lists are read.
        ModelError: The model to begin with is none, or has other features or towers.
        ValueError: The lists have no document feature.
        OSError: ``out_folder`` cannot be written; found out before training.
        NonFiniteError: The loss or a gradient was not finite.
        InterruptedTrainingError: SIGTERM came; a snapshot was taken first.
        LostRankError: Another process of the training is gone.
    """
    device = _device()
    objective = Objective.of(recipe.loss)
    Selection.of(recipe.training.validate_by)
    with _determinism(recipe.training), noticing_lost_ranks(), process_group(device):
        batches = _batches(lists_folder, recipe, objective)
        validation = _validation_lists(lists_folder)
        if recipe.loss.unbiased:
            _require_propensities(lists_folder, batches.lists, validation)
        with ExitStack() as stack:
            folder = _folder(stack, out_folder)
            ranker = make_ranker(
                validation.manifest.features, recipe.towers, seed=recipe.training.seed
            )
            inherited = None
            if warm_start is not None:
                inherited = Inheritance.into(ranker, warm_start, validation.manifest, recipe)
            parent = None if inherited is None else inherited.parent
            run = Run(
                trainer=_trainer(ranker, objective, recipe, device, inherited),
                batches=batches,
                validation=validation,
                progress=progress or Silent(),
                snapshots=_snapshots(snapshots, validation, recipe, parent),
                stop=stack.enter_context(on_sigterm()),
                aside=aside,
            )
            run.finish()
            if folder is not None:
                _write(folder, run, validation, recipe, parent)
        if run.snapshots is not None and folder is not None:
            run.snapshots.clear()
        # No rank goes on to read a model that rank 0 has not written yet.
        dist.barrier()
    return run.history


def _trainer(
    ranker: nn.Module,
    objective: Objective,
    recipe: Recipe,
    device: torch.device,
    inherited: Inheritance | None,
) -> Trainer:
    trainer = Trainer(ranker, objective, recipe, device)
    if inherited is not None:
        trainer.load_plain_state(inherited.state)
    return trainer


def _device() -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cuda", torch.cuda.current_device())


@contextmanager
def _determinism(config: TrainingConfig) -> Iterator[None]:
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(before or config.deterministic)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _batches(folder: str | Path, recipe: Recipe, objective: Objective) -> TrainingBatches:
    config = recipe.training
    by_documents = config.documents_per_batch is not None
    size = BatchSize(
        lists=None if by_documents else config.lists_per_batch,
        documents=config.documents_per_batch,
        bucket=config.bucket,
    )
    return TrainingBatches(
        Lists(folder, "train", popularity=objective.needs_popularity),
        size=size,
        seed=config.seed,
        rank=dist.get_rank(),
        num_ranks=dist.get_world_size(),
        ahead=AHEAD,
    )


def _require_propensities(folder: str | Path, *parts: Lists) -> None:
    for lists in parts:
        if lists.propensities() is None:
            msg = f"{folder}: loss.unbiased needs propensities; the {lists.split} lists have none"
            raise ListsError(msg)


def _validation_lists(folder: str | Path) -> Lists:
    lists = Lists(folder, "validation")
    if not bool((lists.grades() > 0).any()):
        msg = (
            f"there is nothing to choose the best epoch by: none of the {len(lists)} lists of the "
            "validation split has a grade above 0"
        )
        raise ListsError(msg)
    return lists


def _folder(stack: ExitStack, out: str | Path) -> Path | None:
    """The folder that becomes ``out`` when all went well; on rank 0 alone."""
    return stack.enter_context(replace_folder(out)) if dist.get_rank() == 0 else None


def _snapshots(
    policy: SnapshotPolicy | None, lists: Lists, recipe: Recipe, parent: Parent | None
) -> Snapshots | None:
    if policy is None:
        return None
    content = [
        checksum(lists.folder / FILE),
        recipe.model_dump(mode="json"),
        *(version(name) for name in ("ltr", "torch", "torchrec")),
        None if parent is None else parent.model_dump(),
    ]
    identity = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return Snapshots(policy.folder, every=policy.every, keep=policy.keep, identity=identity)


def _write(folder: Path, run: Run, lists: Lists, recipe: Recipe, parent: Parent | None) -> None:
    best = [record for record in run.history if record.is_best][-1]
    card = ModelCard(
        features=lists.manifest.features,
        encoder=lists.manifest.encoder,
        grading=lists.manifest.grading,
        recipe=recipe,
        best_epoch=best.epoch,
        validation_ndcg=best.validation_ndcg,
        parent=parent,
    )
    save_tensors(folder / WEIGHTS, run.best)
    save_tensors(folder / OPTIMIZER, run.best_state)
    if (encoder := lists.folder / ENCODER).is_dir():
        shutil.copytree(encoder, folder / ENCODER)
    save_job(folder, lists.manifest.job)
    save_records(folder, card, run.history)
