"""Stop before a loss or a gradient that is not finite reaches the weights."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from ltr.errors import LtrError
from ltr.towers.tower import Tower


class NonFiniteError(LtrError, RuntimeError):
    """Training met a loss, a gradient or a score that is not finite, and stopped before using it.

    Attributes:
        what: "loss", "gradient" or "score".
        when: The epoch and the batch.
        kept: Where the batch was put aside; None where it was not.
    """

    def __init__(self, what: str, when: str, kept: Path | None = None) -> None:
        aside = "" if kept is None else f"; the batch is in {kept}"
        super().__init__(
            f"a {what} is not finite in {when}; training stopped there and wrote no model (look "
            f"for extreme numbers among the features, or lower the learning rates){aside}"
        )
        self.what, self.when, self.kept = what, when, kept


class Guard:
    """Checks of one batch after the other; `at` says which one it is."""

    def __init__(self) -> None:
        self._when = ""

    def at(self, when: str) -> None:
        """Say what follows, for the error, e.g. "epoch 2, batch 17"."""
        self._when = when

    def check_loss(self, loss: Tensor) -> None:
        """Raise if the loss is not finite; call it before the backward pass."""
        self._require(loss, "loss")

    def check_scores(self, scores: Tensor) -> None:
        """Raise if a score is not finite; call it before the epoch is compared with others."""
        self._require(scores, "score")

    def check_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Raise if a gradient is not finite; call it before the optimizer's step."""
        gradients = [weight.grad for weight in parameters if weight.grad is not None]
        if gradients:
            sums = torch.stack([gradient.sum() for gradient in gradients])
            if not math.isfinite(float(sums.sum())):
                for gradient in gradients:
                    self._require(gradient, "gradient")

    def watch_tables(self, ranker: nn.Module) -> None:
        """Check the gradient that flows into our towers' tables, which are updated as it arrives.

        Tables of a model that is plugged in are not watched; its loss and other gradients are.
        """
        for tower in ranker.modules():
            if isinstance(tower, Tower) and tower.tables is not None:
                tower.mlp.register_forward_pre_hook(_on_gradient_of_input(self._check_input))

    def _check_input(self, gradient: Tensor) -> None:
        self._require(gradient, "gradient")

    def _require(self, values: Tensor, what: str) -> None:
        # A sum is not finite if a value is not; it may also overflow, so then each is looked at.
        if not math.isfinite(float(values.detach().sum())) and not bool(
            torch.isfinite(values).all()
        ):
            raise NonFiniteError(what, self._when)


def _on_gradient_of_input(
    check: Callable[[Tensor], None],
) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if inputs[0].requires_grad:
            inputs[0].register_hook(check)  # type: ignore[no-untyped-call]

    return hook
