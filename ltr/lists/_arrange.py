"""The one place where scores, labels and the layout of their lists are checked."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ltr.lists._padded import Padded
from ltr.lists._ragged import Ragged
from ltr.lists._rows import Rows


class Lists(Protocol):
    """The layout of lists: ``[documents]`` is the shape of scores, ``[lists]`` one value per list.

    Padding never reaches a per-list result; in a per-document result it holds any finite value.
    """

    @property
    def shape(self) -> torch.Size:
        """The shape of one value per list."""

    @property
    def packed(self) -> "Lists":
        """The same lists with real documents first: the layout of what ``take`` returns."""

    def counts(self) -> Tensor:
        """Documents in each list: Int64 ``[lists]``."""

    def longest(self) -> int:
        """Bound on the documents in a list: exact where reading it does not wait for a device."""

    def ids(self) -> Tensor:
        """Number of each document's list, in padding that of lists: Int64 ``[documents]``."""

    def keep(self, x: Tensor, fill: float = 0.0) -> Tensor:
        """``x`` with ``fill`` in the padding, whose gradient is then exactly 0."""

    def blank(self, x: Tensor) -> Tensor:
        """``x``, finite throughout, with 0 in padding: a product, much faster than ``keep``."""

    def place(self) -> Tensor:
        """How many documents of its list lie before each, if ``packed``: Int64 ``[documents]``."""

    def spread(self, values: Tensor) -> Tensor:
        """Give each document the value of its list: ``[lists]`` -> ``[documents]``."""

    def sum(self, x: Tensor) -> Tensor:
        """Sum over each list; 0 for a list without documents."""

    def inner(self, x: Tensor, y: Tensor) -> Tensor:
        """Sum of ``x`` times ``y`` over each list; ``y`` is 0 in padding."""

    def span(self, x: Tensor) -> Tensor:
        """Largest less smallest value of each list; 0 for a list without documents."""

    def max(self, x: Tensor) -> Tensor:
        """Largest value of each list; 0 for a list without documents."""

    def logsumexp(self, x: Tensor) -> Tensor:
        """log(sum(exp(x))) over each list; 0 for a list without documents."""

    def softmax(self, x: Tensor) -> Tensor:
        """exp(x), scaled to sum to 1 over each list; 0 in padding."""

    def log_softmax(self, x: Tensor) -> Tensor:
        """Log of ``softmax``, computed without it; 0 in padding."""

    def argsort(self, x: Tensor, *, descending: bool = True) -> Tensor:
        """Order within each list, for ``take``. Stable; padding goes last. No gradient."""

    def take(self, x: Tensor, order: Tensor) -> Tensor:
        """``x`` in ``order``; differentiable. The result is laid out as ``packed``."""

    def rank(self, x: Tensor) -> Tensor:
        """Position in the list, 1 = largest, ties in their given order: Int64 ``[documents]``."""

    def cumsum(self, x: Tensor, *, reverse: bool = False) -> Tensor:
        """Running sum from the start of each list, or from its end."""

    def logcumsumexp(self, x: Tensor, *, reverse: bool = False) -> Tensor:
        """Running ``logsumexp`` from the start of each list, or from its end."""

    def groups(self, room: int) -> list[Rows]:
        """The lists in padded rows, in groups of ``rows * width**2 <= room``, or of one row.

        Where the lengths of ragged lists cannot be read without waiting, all are one row.
        """

    def rows(self, x: Tensor, fill: float = 0.0) -> Tensor:
        """``x`` as ``[..., width]``: the documents of a list share a row; ``fill`` in padding."""

    def from_rows(self, rows: Tensor) -> Tensor:
        """The values of the documents, from where ``rows`` puts them."""

    def same_list(self) -> Tensor | None:
        """True where two places of a row are of one list: Bool ``[..., width, width]``.

        None: wherever neither is padding.
        """


@dataclass(frozen=True, slots=True)
class Documents:
    """Checked inputs of a loss, in float32, or in float64 if the scores are."""

    scores: Tensor
    """Float ``[documents]``, 0 in padding."""
    labels: Tensor
    """Float ``[documents]``, 0 in padding."""
    weights: Tensor | None
    """Float ``[documents]``, 0 in padding; None: every document weighs 1."""
    lists: Lists

    def weigh(self, x: Tensor) -> Tensor:
        """``x`` times the documents' weights."""
        return x if self.weights is None else x * self.weights


def arrange(
    scores: Tensor,
    labels: Tensor,
    weights: Tensor | None = None,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
) -> Documents:
    """Check the arguments of a list loss or metric and lay its documents out.

    Nothing here waits for an accelerator: values (do the lengths add up?) are checked on CPU only.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, any real type, shape of ``scores``.
        weights: Weight of each document, shape of ``scores``.
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.

    Returns:
        The documents with their layout; one list ``[docs]`` becomes ``[1, docs]``.

    Raises:
        ValueError: If shapes, types or lengths do not fit.

    >>> padded = arrange(torch.zeros(2, 3), torch.ones(2, 3), mask=torch.ones(2, 3) > 0)
    >>> padded.lists.counts()
    tensor([3, 3])
    """
    _check_scores(scores)
    _check_same_shape("labels", labels, scores)
    if weights is not None:
        _check_same_shape("weights", weights, scores)
    work = torch.float64 if scores.dtype == torch.float64 else torch.float32
    lists = _layout(scores, lengths, mask, work)

    def prepared(x: Tensor) -> Tensor:
        x = x if lengths is not None or x.dim() > 1 else x[None]
        return lists.keep(x) if x.is_floating_point() else lists.blank(x.to(work))

    return Documents(
        prepared(scores.to(work)),
        prepared(labels.to(work) if labels.is_floating_point() else labels),
        None if weights is None else prepared(weights.to(work)),
        lists,
    )


def _check_scores(scores: Tensor) -> None:
    if not scores.is_floating_point():
        msg = f"scores must be floating point; got {scores.dtype}"
        raise ValueError(msg)
    if scores.dim() == 0:
        msg = "scores must have a dimension of documents; got a scalar"
        raise ValueError(msg)


def _check_same_shape(name: str, tensor: Tensor, scores: Tensor) -> None:
    if tensor.shape != scores.shape:
        want, got = list(scores.shape), list(tensor.shape)
        msg = f"{name} must have the shape of scores, {want}; got {got}"
        raise ValueError(msg)


def _layout(
    scores: Tensor, lengths: Tensor | None, mask: Tensor | None, work: torch.dtype
) -> Lists:
    if lengths is not None:
        if mask is not None:
            msg = "lists are either ragged (lengths) or padded (mask); got both lengths and mask"
            raise ValueError(msg)
        return Ragged(_checked(lengths, scores), scores.shape[0])
    if mask is not None:
        _check_mask(mask, scores)
    elif scores.dim() > 1 and scores.shape[-1] == 1:
        # As N lists of one document it would train nothing, and say nothing.
        msg = (
            f"scores of shape {list(scores.shape)} are lists of one document, with nothing to "
            "compare; squeeze(-1) scores and labels, or pass a mask if that is meant"
        )
        raise ValueError(msg)
    if scores.dim() == 1:
        scores, mask = scores[None], None if mask is None else mask[None]
    if mask is None:
        return Padded(scores.shape, scores.device)
    return Padded.of(scores.shape, scores.device, mask, work)


def _checked(lengths: Tensor, scores: Tensor) -> Tensor:
    """The lengths as int64: few operations know the unsigned integers that other tools write."""
    if scores.dim() != 1:
        msg = f"with lengths, scores must be [docs]; got shape {list(scores.shape)}"
        raise ValueError(msg)
    whole = not (lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool)
    if not whole or lengths.dim() != 1:
        msg = f"lengths must be integers [lists]; got {lengths.dtype} {list(lengths.shape)}"
        raise ValueError(msg)
    lengths = lengths.long()
    if lengths.device.type != "cpu" or torch.compiler.is_compiling():
        return lengths
    if lengths.numel() and int(lengths.min()) < 0:
        msg = f"lengths must not be negative; got {int(lengths.min())}"
        raise ValueError(msg)
    if int(lengths.sum()) != scores.shape[0]:
        msg = f"lengths must add up to the {scores.shape[0]} scores; got {int(lengths.sum())}"
        raise ValueError(msg)
    return lengths


def _check_mask(mask: Tensor, scores: Tensor) -> None:
    if mask.dtype != torch.bool:
        msg = f"mask must be bool, True = a real document; got {mask.dtype}"
        raise ValueError(msg)
    _check_same_shape("mask", mask, scores)
