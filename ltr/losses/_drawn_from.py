"""What a document is drawn from, where documents of one grade share their draws."""

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from ltr.lists import Lists
from ltr.losses._by_grade import ByGrade

_NEAR = {torch.float32: -60.0, torch.float64: -600.0}
"""Scores from here up, below the largest, add up as exponentials without losing any."""


def log_drawn_from(tied: ByGrade, last: Tensor) -> Tensor:
    """Log of the exponentials of the scores that are left at each draw: Float ``[documents]``.

    Before the k-th of m documents of a grade is drawn, a share of 1 - (k - 1)/m of them is left,
    and all documents of lower grades. ``last`` is ``tied.last()``.
    """
    places = torch.arange(last.shape[-1], device=last.device)
    gone = (last - places).to(tied.scores) / (last - tied.first + 1)
    if _near(tied.scores):
        drawn: Tensor = _Near.apply(  # type: ignore[no-untyped-call]
            tied.scores, tied.lists, last, tied.lower, gone, gone * tied.has_lower
        )
        return drawn
    running = tied.lists.logcumsumexp(tied.scores)
    whole, below = tied.lists.take(running, last), tied.lists.take(running, tied.lower)
    rest = (below - whole).exp() * tied.has_lower
    return whole + (gone * (rest - 1)).log1p()


def _near(scores: Tensor) -> bool:
    if scores.device.type != "cpu" or torch.compiler.is_compiling() or scores.numel() == 0:
        return False
    return bool(scores.detach().amin() > _NEAR[scores.dtype])


class _Near(torch.autograd.Function):
    """The same of sums instead of their logs: half the time, and a third with its gradient."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        scores: Tensor,
        lists: Lists,
        last: Tensor,
        lower: Tensor,
        gone: Tensor,
        gone_from_lower: Tensor,
    ) -> Tensor:
        share = scores.exp()
        running = lists.cumsum(share)
        whole, below = lists.take(running, last), lists.take(running, lower)
        # A list without documents is drawn from nothing.
        left = (whole * (1 - gone) + below * gone_from_lower).clamp_(
            min=torch.finfo(share.dtype).tiny
        )
        ctx.save_for_backward(share, left, last, lower, gone, gone_from_lower)
        ctx.lists = lists  # type: ignore[attr-defined]
        return left.log()

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Tensor) -> tuple[Tensor | None, ...]:
        share, left, last, lower, gone, gone_from_lower = ctx.saved_tensors  # type: ignore[attr-defined]
        rate = grads[0] / left
        into = torch.zeros_like(rate).scatter_add_(-1, last, rate * (1 - gone))
        into.scatter_add_(-1, lower, rate * gone_from_lower)
        gradient = ctx.lists.cumsum(into, reverse=True) * share  # type: ignore[attr-defined]
        return gradient, None, None, None, None, None
