"""Epoch after epoch, with snapshots: the part of a training that can be killed and gone on with."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch.distributed as dist
from torch import Tensor

from ltr.data.batch import RankingBatch
from ltr.data.batcher import TrainingBatches
from ltr.data.reader import Lists
from ltr.data.seeds import generator
from ltr.towers import plain_weights
from ltr.training.aside import put_aside
from ltr.training.checkpoint import EpochRecord
from ltr.training.finite import NonFiniteError
from ltr.training.progress import Progress, Start, StepRecord
from ltr.training.signals import InterruptedTrainingError, StopRequest
from ltr.training.snapshots import Snapshots
from ltr.training.trainer import Loss, Trainer

BEST, BEST_STATE = "best", "best_state"
"""Prefixes of the best epoch's weights, and of its optimizers' state, in a snapshot."""


@dataclass
class Run:
    """A training that is under way.

    Args:
        trainer: What learns.
        batches: What from; its position is the training's.
        validation: What the best epoch is chosen by.
        progress: Is told by rank 0.
        snapshots: Where to take them; None for none.
        stop: Whether somebody asked to stop.
        aside: Folder for a batch whose loss or gradient is not finite; None to keep none.
    """

    trainer: Trainer
    batches: TrainingBatches
    validation: Lists
    progress: Progress
    snapshots: Snapshots | None
    stop: StopRequest
    aside: Path | None = None
    step: int = 0
    """Batches since the first epoch began."""
    history: list[EpochRecord] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    """Weights of the best epoch so far, plain; on rank 0 all of them."""
    best_state: dict[str, Tensor] = field(default_factory=dict)
    """State of the optimizers then, likewise."""
    total: float = 0.0
    """Sum of the loss over the present epoch, and what it is a sum over."""
    count: int = 0

    def finish(self) -> None:
        """Train until the last epoch, or until nothing has got better for ``patience`` epochs.

        Raises:
            NonFiniteError: The loss, a gradient or a score is not finite.
            InterruptedTrainingError: It was asked to stop, and took a snapshot where it keeps them.
        """
        self._go_on()
        self.trainer.model.train()
        while not self._is_over():
            self._epoch()
            self._validate()

    def _epoch(self) -> None:
        """What is left of the present epoch."""
        epoch = self.batches.position.epoch
        num_batches = len(self.batches)
        last = num_batches * self.trainer.config.epochs
        for batch, began, waited in _timed(self.batches.present(self.trainer.look_ahead)):
            number = self.batches.position.batch
            self.trainer.guard.at(f"epoch {epoch}, batch {number}")
            self.trainer.set_rates(self.step, last)
            update = number % self.trainer.config.accumulate == 0 or number == num_batches
            before = self.trainer.waited
            loss = self._step(epoch, number, batch, update=update)
            waited += self.trainer.waited - before
            self.step += 1
            self.total, self.count = self.total + float(loss.total), self.count + loss.count
            if dist.get_rank() == 0:
                self._tell(epoch, number, loss, began, waited)
            if update:
                self._keep(loss, where=f"epoch {epoch}, batch {number}")

    def _step(self, epoch: int, number: int, batch: RankingBatch, *, update: bool) -> Loss:
        chance = generator(self.trainer.config.seed, "negatives", epoch, number)
        try:
            return self.trainer.step(batch, chance, update=update, stop=self.stop.made)
        except NonFiniteError as error:
            if self.aside is None:
                raise
            said = {"what": error.what, "epoch": epoch, "batch": number}
            kept = put_aside(self.aside, batch, self.batches.lists, self.trainer.model, said)
            raise NonFiniteError(error.what, error.when, kept) from error

    def _tell(self, epoch: int, number: int, loss: Loss, began: float, waited: float) -> None:
        record = StepRecord(
            epoch=epoch,
            batch=number,
            step=self.step,
            loss=float(loss.total) / max(loss.count, 1),
            documents=loss.documents,
            seconds=time.perf_counter() - began,
            waited=waited,
            learning_rate=self.trainer.rates[0],
            table_learning_rate=self.trainer.rates[1],
        )
        self.progress.batch(record)

    def _validate(self) -> None:
        epoch = self.batches.position.epoch - 1
        quality, value = self.trainer.validate(self.validation, epoch)
        best = [one.value for one in self.history if one.is_best]
        record = EpochRecord(
            epoch=epoch,
            train_loss=self.total / max(self.count, 1),
            validation_ndcg=quality,
            is_best=False,
            validation_value=value,
        )
        is_best = self.trainer.selection.is_better(record.value, than=best[-1] if best else None)
        if is_best:
            self._remember()
        self.total, self.count = 0.0, 0
        self.history.append(record.model_copy(update={"is_best": is_best}))
        if dist.get_rank() == 0:
            self.progress.epoch(self.history[-1])

    def _remember(self) -> None:
        self.best = plain_weights(self.trainer.model)
        self.best_state = self.trainer.plain_state()

    def _is_over(self) -> bool:
        done, config = len(self.history), self.trainer.config
        best = max((one.epoch for one in self.history if one.is_best), default=0)
        return done >= config.epochs or (done > 0 and done - best >= config.patience)

    def _keep(self, loss: Loss, where: str) -> None:
        """Take a snapshot where one is due, or where this is the end."""
        if self.snapshots is not None and (loss.stop or self.snapshots.due(self.step)):
            self.snapshots.save(self.step, self._tensors(), self._state())
        if loss.stop:
            kept = "; run it again to go on from there" if self.snapshots else ", nothing is kept"
            msg = f"the training was asked to stop and did so after {where}{kept}"
            raise InterruptedTrainingError(msg)

    def _go_on(self) -> None:
        """Put everything to where the last snapshot was taken, if there is one."""
        state = self.snapshots.latest() if self.snapshots else None
        if self.snapshots is not None and state is not None:
            self.history = [EpochRecord(**record) for record in state["history"]]
            self.step, self.total, self.count = state["step"], state["total"], state["count"]
            self.batches.load_state_dict(state["position"])
            if any(record.is_best for record in self.history):
                # Made of the right shapes first; what is in them is then replaced.
                self._remember()
            self.snapshots.load(state, self._tensors())
        if dist.get_rank() == 0:
            position = self.batches.position
            self.progress.start(
                Start(
                    num_lists=len(self.batches.numbers),
                    num_left_out=self.batches.num_left_out,
                    num_batches=len(self.batches),
                    epoch=position.epoch,
                    batch=position.batch,
                    step=self.step,
                )
            )

    def _tensors(self) -> dict[str, Any]:
        best = {f"{BEST}.{name}": weight for name, weight in self.best.items()}
        state = {f"{BEST_STATE}.{name}": value for name, value in self.best_state.items()}
        return self.trainer.tensors() | best | state

    def _state(self) -> dict[str, Any]:
        return {
            "position": self.batches.state_dict(),
            "history": [record.model_dump() for record in self.history],
            "total": self.total,
            "count": self.count,
        }


def _timed(batches: Iterator[RankingBatch]) -> Iterator[tuple[RankingBatch, float, float]]:
    """Each batch, when the wait for it began, and how long it was, in seconds."""
    while True:
        began = time.perf_counter()
        batch = next(batches, None)
        if batch is None:
            return
        yield batch, began, time.perf_counter() - began
