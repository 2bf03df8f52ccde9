"""The state of a training and one step of it."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ltr.data.batch import RankingBatch
from ltr.data.reader import Lists
from ltr.data.seeds import generator
from ltr.recipe import Recipe
from ltr.towers import dense_parameters, distribute, fused_state, set_table_learning_rate
from ltr.towers.pipelined import Pipelined, is_wanted
from ltr.training.adamw import prepared_step
from ltr.training.finite import Guard
from ltr.training.objective import Objective
from ltr.training.optimizer_state import load_plain_state, plain_state
from ltr.training.schedule import rate_factor
from ltr.training.scoring import score
from ltr.training.selection import Selection

NDCG_10 = "ndcg@10"
"""Told of every epoch, whatever metric chooses among them."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of a batch over all ranks: a sum, and the number of lists or blocks it is over."""

    total: Tensor
    """[] float64."""
    count: int
    documents: int
    """Of the batch."""
    stop: bool = False
    """Whether some rank was asked to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What the present step is for."""

    batch: RankingBatch = field(kw_only=False)
    chance: torch.Generator = field(kw_only=False)
    update: bool
    stop: bool


class Trainer:
    """The wrapped model, the optimizer of its dense part, and how fast they learn."""

    def __init__(
        self, ranker: nn.Module, objective: Objective, recipe: Recipe, device: torch.device
    ) -> None:
        self.config = config = recipe.training
        self.guard = Guard()
        self.guard.watch_tables(ranker)
        is_pipelined = is_wanted(ranker, device)
        self.model: nn.Module = distribute(
            ranker,
            device=device,
            table_learning_rate=config.table_learning_rate,
            table_optimizer=config.table_optimizer,
        )
        self.dense = dense_parameters(self.model)
        self.optimizer = torch.optim.AdamW(
            self.dense,
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            # On a CPU one call for all weights; elsewhere torch's own choice is as good.
            fused=True if device.type == "cpu" else None,
        )
        _make_slots(self.optimizer)
        self._learn = prepared_step(self.optimizer) if device.type == "cpu" else self.optimizer.step
        self.objective, self.device = objective, device
        self.selection = Selection.of(config.validate_by, weighted=objective.config.unbiased)
        self._now: _Step | None = None
        self._loss: Loss | None = None
        self._pipelined: Pipelined | None = None
        if is_pipelined:
            self._pipelined = Pipelined(self.model, device, self._forward, self._update)
        self.rates = (config.learning_rate, config.table_learning_rate)
        """Of the dense part and of the tables, at the present step."""

    def look_ahead(self, batches: Iterator[RankingBatch]) -> Iterator[RankingBatch]:
        """Pass the batches of an epoch on: a step is to be taken for each before the next is asked.

        A pipeline sees batches before their turn. Then they come without any wait, which is one of
        the steps.
        """
        if self._pipelined is None:
            return batches
        ours, theirs = itertools.tee(batches)
        self._pipelined.feed(theirs)
        return ours

    def step(
        self,
        batch: RankingBatch,
        chance: torch.Generator,
        *,
        update: bool = True,
        stop: bool = False,
    ) -> Loss:
        """Learn from one batch.

        Args:
            batch: This rank's share of it; the next one that `look_ahead` gave, if it gave any.
            chance: Decides the sampled negatives and the dropout.
            update: Whether the dense weights change; else the gradient is kept for a later call.
            stop: Whether this rank was asked to stop, to be told to all.
        """
        self._now = _Step(batch, chance, update=update, stop=stop)
        if self._pipelined is None or not self._pipelined.is_fed:
            here = batch if self.device.type == "cpu" else batch.to(self.device)
            torch.autograd.backward(self._forward(here))
            self._update()
        else:
            self._pipelined.step()
        assert self._loss is not None
        return self._loss

    def _forward(self, here: RankingBatch) -> Tensor:
        """What the backward pass of the present step begins with; [].

        Args:
            here: Its batch, on the device.
        """
        now = self._now
        assert now is not None
        with _seeded(now.chance, self.device), self._precision():
            scores = self.model(here).float()
        blocks = self.objective.draw(scores, now.batch, now.chance)
        blocks = None if blocks is None else blocks.to(self.device)
        total, count = self.objective(scores, here, blocks)
        self.guard.check_loss(total)
        self._loss = loss = _over_ranks(total, count, len(now.batch.grades), stop=now.stop)
        # Gradients of ranks are averaged, those of accumulated batches are added up.
        scale = dist.get_world_size() / (max(loss.count, 1) * self.config.accumulate)
        return total * scale

    def _update(self) -> None:
        """Let the dense weights follow the gradient, if the present step is to."""
        assert self._now is not None
        if not self._now.update:
            return
        self.guard.check_gradients(self.dense)
        if self.config.clip is not None:
            nn.utils.clip_grad_norm_(self.dense, self.config.clip)
        self._learn()
        for weight in self.dense:
            weight.grad = None

    def set_rates(self, step: int, last: int) -> None:
        """Set the learning rates of the step that comes next."""
        config = self.config
        if not config.warmup and config.decay == "none":
            return
        factor = rate_factor(step, warmup=config.warmup, decay=config.decay, last=last)
        self.rates = dense, tables = (
            factor * config.learning_rate,
            factor * config.table_learning_rate,
        )
        for group in self.optimizer.param_groups:
            group["lr"] = dense
        set_table_learning_rate(self.model, tables)

    @property
    def waited(self) -> float:
        """Seconds that steps have waited for batches so far, beside those between the steps."""
        return 0.0 if self._pipelined is None else self._pipelined.waited

    def validate(self, lists: Lists, epoch: int) -> tuple[float, float | None]:
        """Measure the model; the same on all ranks, to the bit.

        Returns:
            Mean NDCG@10 over the lists that have a grade above 0, and the metric by which epochs
            are compared, None where it is the same.
        """
        self.guard.at(f"the validation after epoch {epoch}")
        if self._pipelined is not None:
            self._pipelined.let_go()
        self.model.eval()
        scores = score(self.model, lists, device=self.device)
        self.guard.check_scores(scores)
        self.model.train()
        weights = lists.propensities() if self.objective.config.unbiased else None
        weights = None if weights is None else weights.reciprocal()
        quality = Selection.of(NDCG_10).value(scores, lists, weights)
        is_other = self.config.validate_by != NDCG_10
        return quality, self.selection.value(scores, lists, weights) if is_other else None

    def tensors(self) -> dict[str, Any]:
        """All that learns, by name; loading into these tensors changes the training itself."""
        state = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        state |= {f"tables.{name}": value for name, value in fused_state(self.model).items()}
        for number, weight in enumerate(self.dense):
            for slot, value in self.optimizer.state[weight].items():
                state[f"dense.{number:04}.{slot}"] = value
        return state

    def plain_state(self) -> dict[str, Tensor]:
        """Copies of the optimizers' state by the names of the plain model; rank 0 gets it all."""
        return plain_state(self.model, self.optimizer)

    def load_plain_state(self, state: dict[str, Tensor]) -> None:
        """Begin with the optimizers' state of an earlier training."""
        load_plain_state(self.model, self.optimizer, state)

    @contextmanager
    def _precision(self) -> Iterator[None]:
        low = self.config.precision == "bfloat16"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=low):
            yield


def _make_slots(optimizer: torch.optim.AdamW) -> None:
    """Make the optimizer's state before its first step does, so that a snapshot fits into it."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            optimizer.state[weight] = {
                "step": torch.zeros(()),
                "exp_avg": torch.zeros_like(weight),
                "exp_avg_sq": torch.zeros_like(weight),
            }


@contextmanager
def _seeded(chance: torch.Generator, device: torch.device) -> Iterator[None]:
    """Let the dropout of this block depend on the step alone, not on what was drawn before.

    Not by torch.random.fork_rng and torch.manual_seed: without a GPU each looks up the present
    stack once per kind of device that there is not, which takes a tenth of a small step.
    """
    used = [torch.default_generator]
    if device.type == "cuda":
        used.append(torch.cuda.default_generators[device.index])
    before = [one.get_state() for one in used]
    seed = generator(chance.initial_seed(), "dropout").initial_seed()
    for one in used:
        one.manual_seed(seed)
    try:
        yield
    finally:
        for one, state in zip(used, before, strict=True):
            one.set_state(state)


def _over_ranks(total: Tensor, count: int, documents: int, *, stop: bool) -> Loss:
    total = total.detach().double()
    if dist.get_world_size() == 1:
        return Loss(total, count, documents, stop)
    counts = torch.tensor([count, documents, stop], dtype=total.dtype, device=total.device)
    sums = torch.cat([total.reshape(1), counts])
    dist.all_reduce(sums)
    return Loss(sums[0], int(sums[1]), int(sums[2]), bool(sums[3]))
