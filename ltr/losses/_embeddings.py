"""What the embedding losses share: checked pairs, checked classes, distances and products."""

from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from ltr.lists import Padded, reduce


@dataclass(frozen=True, slots=True)
class Pairs:
    """Checked pairs of embeddings, in float32, or in float64 if the left ones are."""

    left: Tensor
    """Float ``[..., dim]``."""
    right: Tensor
    """Float ``[..., dim]``."""
    is_alike: Tensor
    """Bool ``[...]``."""


def arrange_pairs(left: Tensor, right: Tensor, labels: Tensor, weights: Tensor | None) -> Pairs:
    """Check the arguments of a loss over pairs of embeddings.

    Raises:
        ValueError: If shapes or types do not fit.
    """
    check_embeddings("left", left)
    check_embeddings("right", right)
    check_shape("right", right, left.shape, "left")
    check_shape("labels", labels, left.shape[:-1], "left without its last dimension")
    if weights is not None:
        check_shape("weights", weights, labels.shape, "labels")
    work = working_type(left)
    return Pairs(left.to(work), right.to(work), labels > 0)


def reduce_pairs(
    values: Tensor, weights: Tensor | None, reduction: str, dtype: torch.dtype
) -> Tensor:
    """Weigh and reduce one value per pair or query; the mean is over weights other than 0."""
    if weights is None:
        return reduce(values, torch.ones_like(values, dtype=torch.bool), reduction, dtype)
    return reduce(values * weights.to(values.dtype), weights != 0, reduction, dtype)


@dataclass(frozen=True, slots=True)
class Classes:
    """Embeddings of a batch, and which two of them are alike; each is a list of the others."""

    embeddings: Tensor
    """Float ``[docs, dim]``, in float32, or in float64 if they came so."""
    is_positive: Tensor
    """Bool ``[docs, docs]``: another embedding of the same class."""
    is_negative: Tensor
    """Bool ``[docs, docs]``: an embedding of another class."""

    @property
    def positives(self) -> Padded:
        """The positives of each embedding as lists."""
        return self._lists(self.is_positive)

    @property
    def negatives(self) -> Padded:
        """The negatives of each embedding as lists."""
        return self._lists(self.is_negative)

    def _lists(self, mask: Tensor) -> Padded:
        return Padded.of(mask.shape, mask.device, mask, self.embeddings.dtype)


def arrange_classes(embeddings: Tensor, classes: Tensor) -> Classes:
    """Check the arguments of a loss over a batch of embeddings with classes.

    Raises:
        ValueError: If shapes or types do not fit.
    """
    check_embeddings("embeddings", embeddings)
    if embeddings.dim() != 2:
        msg = f"embeddings must be [docs, dim]; got {list(embeddings.shape)}"
        raise ValueError(msg)
    check_shape("classes", classes, embeddings.shape[:1], "embeddings without its last dimension")
    is_same = classes[:, None] == classes
    is_other = ~torch.eye(len(classes), dtype=torch.bool, device=classes.device)
    return Classes(embeddings.to(working_type(embeddings)), is_same & is_other, ~is_same)


def check_embeddings(name: str, embeddings: Tensor) -> None:
    """Raise ``ValueError`` unless they are floating point ``[..., dim]``."""
    if not embeddings.is_floating_point():
        msg = f"{name} must be floating point; got {embeddings.dtype}"
        raise ValueError(msg)
    if embeddings.dim() < 2:
        msg = f"{name} must be [..., dim], a row for each; got shape {list(embeddings.shape)}"
        raise ValueError(msg)


def check_shape(name: str, tensor: Tensor, want: torch.Size, of: str) -> None:
    """Raise ``ValueError`` unless ``tensor`` has the shape that ``of`` names."""
    if tensor.shape != want:
        msg = f"{name} must have the shape of {of}, {list(want)}; got {list(tensor.shape)}"
        raise ValueError(msg)


def working_type(x: Tensor) -> torch.dtype:
    """The type to compute in: squares of float16 embeddings leave its range from 256."""
    return torch.float64 if x.dtype == torch.float64 else torch.float32


def unit(x: Tensor) -> Tensor:
    """Scale ``[..., dim]`` to length 1; a zero vector stays, with a finite gradient."""
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x / torch.where(length > 0, length, 1.0)


def distances(x: Tensor) -> Tensor:
    """Euclidean distances of all rows ``[docs, docs]``; the gradient at distance 0 is 0.

    By differences: the form with products loses the digits of near neighbours.
    """
    return torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")


def products(left: Tensor, right: Tensor) -> Tensor:
    """Inner products of all rows of two matrices, in their own type also under autocast."""
    device = left.device.type
    is_lowered = torch.amp.is_autocast_available(device)
    with torch.autocast(device, enabled=False) if is_lowered else nullcontext():
        return left @ right.mT
