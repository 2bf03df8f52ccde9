"""Train a ranker on a folder of lists, keep its best epoch, and commit it by one rename."""

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from ltr.atomic import replace_folder
from ltr.data.batch import RankingBatch
from ltr.data.batcher import TrainingBatches
from ltr.data.manifest import ListsError
from ltr.data.reader import Lists
from ltr.data.seeds import generator
from ltr.metrics import ndcg
from ltr.recipe import Recipe
from ltr.towers import Ranker, dense_parameters, distribute, plain_weights, process_group
from ltr.training.checkpoint import EpochRecord, ModelCard, save_records, save_weights
from ltr.training.finite import Guard
from ltr.training.objective import Objective
from ltr.training.progress import Progress, Silent
from ltr.training.scoring import score

SELECTED_BY = 10
"""The epoch with the best validation NDCG at this cutoff is kept."""


def train(
    lists_folder: str | Path,
    out_folder: str | Path,
    recipe: Recipe,
    progress: Progress | None = None,
) -> list[EpochRecord]:
    """Train until the validation NDCG@10 stops getting better, and write the best epoch's model.

    Runs on a GPU if there is one. On a CPU the same lists and the same recipe give the same model,
    bit for bit.

    Args:
        lists_folder: A folder of lists, with a train and a validation split.
        out_folder: Where the model goes; an old one there is replaced when all is done.
        recipe: Towers, loss and training.
        progress: Is told of every batch and epoch.

    Returns:
        One record per epoch, also written to ``history.json``.

    Raises:
        ListsError: The folder is no valid folder of lists, or has no list to learn from or to
            validate on.
        RecipeError: An unknown loss or wrong arguments of it; found out before the lists are read.
        ValueError: The lists have no document feature.
        OSError: ``out_folder`` cannot be written; found out before training.
        NonFiniteError: The loss or a gradient was not finite.
    """
    progress = progress or Silent()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    objective = Objective.of(recipe.loss)
    config = recipe.training
    batches = TrainingBatches(
        Lists(lists_folder, "train", popularity=objective.needs_popularity),
        lists_per_batch=config.lists_per_batch,
        seed=config.seed,
    )
    validation = _validation_lists(lists_folder)
    if recipe.loss.unbiased:
        _require_propensities(lists_folder, batches.lists, validation)
    manifest = validation.manifest
    with replace_folder(out_folder) as folder, process_group(device):
        ranker = Ranker(manifest.features, recipe.towers, seed=config.seed)
        trainer = Trainer(ranker, objective, recipe, device)
        progress.start(
            num_lists=len(batches.numbers),
            num_left_out=batches.num_left_out,
            num_batches=len(batches),
        )
        history = _run(trainer, batches, validation, folder, progress)
        best = [record for record in history if record.is_best][-1]
        card = ModelCard(
            features=manifest.features,
            encoder=manifest.encoder,
            grading=manifest.grading,
            recipe=recipe,
            best_epoch=best.epoch,
            validation_ndcg=best.validation_ndcg,
        )
        save_records(folder, card, history)
    return history


class Trainer:
    """The state of a training: the wrapped model and the optimizer of its dense part."""

    def __init__(
        self, ranker: Ranker, objective: Objective, recipe: Recipe, device: torch.device
    ) -> None:
        self.config = config = recipe.training
        self.guard = Guard()
        self.guard.watch_tables(ranker)
        self.model: nn.Module = distribute(
            ranker, device=device, table_learning_rate=config.table_learning_rate
        )
        self.dense = dense_parameters(self.model)
        self.optimizer = torch.optim.Adam(self.dense, lr=config.learning_rate)
        self.objective, self.device = objective, device

    def epoch(self, batches: TrainingBatches, epoch: int, progress: Progress) -> float:
        """Train on every list once; the mean loss."""
        self.model.train()
        total, count = torch.zeros((), device=self.device, dtype=torch.float64), 0
        for number, batch in enumerate(batches.epoch(epoch), start=1):
            self.guard.at(f"epoch {epoch}, batch {number}")
            chance = generator(self.config.seed, "negatives", epoch, number)
            loss, size = self.step(batch, chance)
            total, count = total + loss, count + size
            progress.batch(epoch, number)
        return float(total) / max(count, 1)

    def step(self, batch: RankingBatch, chance: torch.Generator) -> tuple[Tensor, int]:
        """Change the weights by one batch; the sum of the loss and what it is a sum over."""
        here = batch.to(self.device)
        scores = self.model(here)
        blocks = self.objective.draw(scores, batch, chance)
        blocks = None if blocks is None else blocks.to(self.device)
        total, count = self.objective(scores, here, blocks)
        self.guard.check_loss(total)
        self.optimizer.zero_grad()
        torch.autograd.backward(total / max(count, 1))
        self.guard.check_gradients(self.dense)
        self.optimizer.step()
        return total.detach(), count

    def validate(self, lists: Lists, epoch: int) -> float:
        """Mean NDCG over the lists that have a grade above 0."""
        self.guard.at(f"the validation after epoch {epoch}")
        self.model.eval()
        scores = score(self.model, lists, device=self.device)
        self.guard.check_scores(scores)
        weights = lists.propensities() if self.objective.config.unbiased else None
        weights = None if weights is None else weights.reciprocal()
        found = ndcg(scores, lists.grades(), k=SELECTED_BY, lengths=lists.lengths, weights=weights)
        return float(found)


def _run(
    trainer: Trainer,
    batches: TrainingBatches,
    validation: Lists,
    folder: Path,
    progress: Progress,
) -> list[EpochRecord]:
    """Epoch after epoch; the best one's weights are in ``folder`` at any time."""
    history: list[EpochRecord] = []
    config, best, best_epoch = trainer.config, -math.inf, 0
    for epoch in range(1, config.epochs + 1):
        loss = trainer.epoch(batches, epoch, progress)
        value = trainer.validate(validation, epoch)
        is_best = value > best
        if is_best:
            best, best_epoch = value, epoch
            save_weights(folder, plain_weights(trainer.model))
        history.append(
            EpochRecord(epoch=epoch, train_loss=loss, validation_ndcg=value, is_best=is_best)
        )
        progress.epoch(history[-1])
        if epoch - best_epoch >= config.patience:
            break
    return history


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
