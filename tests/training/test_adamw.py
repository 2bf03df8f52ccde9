"""The prepared step of AdamW against torch's own."""

import torch
from torch import nn

from ltr.training.adamw import prepared_step


def made() -> torch.optim.AdamW:
    chance = torch.Generator().manual_seed(3)
    weights = [nn.Parameter(torch.randn(size, generator=chance)) for size in ((3, 2), (2,), ())]
    optimizer = torch.optim.AdamW(weights, lr=0.1, weight_decay=0.2, fused=True)
    for weight in weights:
        optimizer.state[weight] = {
            "step": torch.zeros(()),
            "exp_avg": torch.zeros_like(weight),
            "exp_avg_sq": torch.zeros_like(weight),
        }
    return optimizer


def test_prepared_steps_are_torchs_own_to_the_bit_when_rates_change_and_gradients_miss() -> None:
    ours, torchs = made(), made()
    step = prepared_step(ours)
    for number in range(5):
        for optimizer, move in ((ours, step), (torchs, torchs.step)):
            (group,) = optimizer.param_groups
            group["lr"] = 0.1 / (1 + number)
            for place, weight in enumerate(group["params"]):
                weight.grad = (weight.detach() - number).sin() if number != 2 or place else None
            move()
    for here, there in zip(
        ours.param_groups[0]["params"], torchs.param_groups[0]["params"], strict=True
    ):
        assert torch.equal(here, there)
        assert all(
            torch.equal(ours.state[here][slot], there_slot)
            for slot, there_slot in torchs.state[there].items()
        )
