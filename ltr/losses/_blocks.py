"""Blocks of one positive document followed by its sampled negatives."""

import torch
from torch import Tensor


def arrange_blocks(
    scores: Tensor,
    labels: Tensor,
    weights: Tensor | None,
    num_neg: int,
    log_q: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Check blocks of one positive and ``num_neg`` negatives, and lay them out.

    Args:
        scores: Float ``[docs]``, ``[docs, 1]`` or ``[blocks, num_neg + 1]``.
        labels: Grades, shape of ``scores``; the first of each block is its largest.
        weights: Shape of ``scores``; the positive's weight is its block's. None: all are 1.
        num_neg: Negatives in a block.
        log_q: Shape of ``scores``; subtracted from them.

    Returns:
        Scores and labels ``[blocks, num_neg + 1]`` and weights ``[blocks]``, in float32, or in
        float64 if the scores are.

    Raises:
        ValueError: If shapes or types do not fit, or (on CPU) a block does not begin with its
            positive; on an accelerator that is an asynchronous assertion, which does not wait for
            the device.
    """
    _check(scores, {"labels": labels, "weights": weights, "log_q": log_q}, num_neg)
    work = torch.float64 if scores.dtype == torch.float64 else torch.float32
    scores, labels = (x.reshape(-1, num_neg + 1).to(work) for x in (scores, labels))
    _check_blocks(labels)
    if log_q is not None:
        scores = scores - log_q.reshape(-1, num_neg + 1).to(work)
    if weights is None:
        return scores, labels, torch.ones_like(scores[:, 0])
    return scores, labels, weights.reshape(-1, num_neg + 1)[:, 0].to(work)


def _check(scores: Tensor, others: dict[str, Tensor | None], num_neg: int) -> None:
    if num_neg < 1:
        msg = f"num_neg must be at least 1; got {num_neg}"
        raise ValueError(msg)
    if not scores.is_floating_point():
        msg = f"scores must be floating point; got {scores.dtype}"
        raise ValueError(msg)
    for name, tensor in others.items():
        if tensor is not None and tensor.shape != scores.shape:
            want, got = list(scores.shape), list(tensor.shape)
            msg = f"{name} must have the shape of scores, {want}; got {got}"
            raise ValueError(msg)
    flat = scores.dim() == 1 or (scores.dim() == 2 and scores.shape[1] == 1)
    if not flat and scores.shape[1:] != (num_neg + 1,):
        shape = list(scores.shape)
        msg = f"scores must be [docs], [docs, 1] or [blocks, {num_neg + 1}]; got {shape}"
        raise ValueError(msg)
    if scores.numel() % (num_neg + 1):
        msg = (
            f"{scores.numel()} scores are not whole blocks of 1 positive and num_neg={num_neg} "
            "negatives"
        )
        raise ValueError(msg)


def _check_blocks(labels: Tensor) -> None:
    # A shuffled batch would train nonsense in silence.
    right = labels[:, 0] > labels[:, 1:].amax(-1)
    if labels.device.type != "cpu" or torch.compiler.is_compiling():
        torch._assert_async(right.all(), "a block does not begin with its largest grade")
    elif not bool(right.all()):
        block = int(right.logical_not().nonzero()[0])
        msg = (
            "the first document of a block must have a larger grade than its negatives; "
            f"block {block} has grades {labels[block].tolist()}"
        )
        raise ValueError(msg)
