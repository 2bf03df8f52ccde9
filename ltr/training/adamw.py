"""Steps of AdamW on a CPU, where torch's own calls take longer than a small model's sums.

In every step torch collects, checks and groups the weights anew. These never change, so here that
is done once; what is computed, and the state it is computed from, are those of the optimizer.
"""

from collections.abc import Callable

import torch


def prepared_step(optimizer: torch.optim.AdamW) -> Callable[[], None]:
    """What does the same as ``optimizer.step()``, to the bit.

    Args:
        optimizer: Fused, with one group of weights on a CPU, and with all of its state: what is
            loaded later is copied into these tensors. Its learning rate may change at any time.

    Example:
        >>> weight = torch.nn.Parameter(torch.ones(1))
        >>> optimizer = torch.optim.AdamW([weight], lr=0.25, weight_decay=0, fused=True)
        >>> optimizer.state[weight] = {
        ...     "step": torch.zeros(()),
        ...     "exp_avg": torch.zeros(1),
        ...     "exp_avg_sq": torch.zeros(1),
        ... }
        >>> weight.grad = torch.ones(1)
        >>> prepared_step(optimizer)()
        >>> weight.tolist()
        [0.75]
    """
    (group,) = optimizer.param_groups
    weights = group["params"]
    states = [optimizer.state[weight] for weight in weights]
    slots = ("exp_avg", "exp_avg_sq", "step")
    means, squares, steps = ([state[slot] for state in states] for slot in slots)
    beta1, beta2 = group["betas"]

    @torch.no_grad()
    def step() -> None:
        gradients = [weight.grad for weight in weights]
        if any(gradient is None for gradient in gradients):
            optimizer.step()  # leaves out the weights that have none
            return
        torch._foreach_add_(steps, 1)
        torch._fused_adamw_(
            weights,
            gradients,
            means,
            squares,
            [],
            steps,
            amsgrad=False,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=False,
        )

    return step
