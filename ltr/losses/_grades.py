"""Scores for grades as classes: one score per document, or a logit per class."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor

from ltr.lists import Documents, arrange, check_choice

Link: TypeAlias = Literal["softmax", "sigmoid"]


def expected_grade(logits: Tensor, *, link: Link = "softmax") -> Tensor:
    """Score of a document by the logits of its grades: the grade to expect.

    Args:
        logits: Float ``[..., classes]``.
        link: "softmax" for logits of the grades 0, 1, … (``grade_cross_entropy``), "sigmoid" for
            logits of reaching the grades 1, 2, … (``ordinal``).

    Returns:
        ``[...]``, from 0 to the largest grade, in the type of ``logits``.

    Raises:
        ValueError: If ``link`` is another word.

    >>> expected_grade(torch.tensor([[0.0, 0.0, 0.0], [-9.0, 0.0, 9.0]]))
    tensor([1.0000, 1.9999])
    >>> expected_grade(torch.tensor([[0.0, 0.0], [9.0, 0.0]]), link="sigmoid")
    tensor([1.0000, 1.4999])
    """
    check_choice("link", link, Link)
    work = logits.double() if logits.dtype == torch.float64 else logits.float()
    if link == "sigmoid":
        return work.sigmoid().sum(-1).to(logits.dtype)
    grades = torch.arange(logits.shape[-1], dtype=work.dtype, device=logits.device)
    return (work.softmax(-1) * grades).sum(-1).to(logits.dtype)


def arrange_grades(
    scores: Tensor,
    labels: Tensor,
    weights: Tensor | None,
    grades: int,
    classes: int,
    *,
    lengths: Tensor | None,
    mask: Tensor | None,
) -> tuple[Documents, Tensor | None]:
    """Check whole grades below ``grades``, and lay out scores or logits ``[..., classes]``.

    Returns:
        The documents, and logits ``[classes, documents]`` with 0 in padding (with the classes
        first, to sum over them adds whole rows); None where there is one score per document.
    """
    if grades < 2:
        msg = f"grades must be at least 2; got {grades}"
        raise ValueError(msg)
    single = scores.shape == labels.shape
    if not single and scores.shape != (*labels.shape, classes):
        shapes = f"{list(labels.shape)} or {[*labels.shape, classes]}"
        msg = f"for {grades} grades scores must be {shapes}; got {list(scores.shape)}"
        raise ValueError(msg)
    first = scores if single else scores[..., 0]
    docs = arrange(first, labels, weights, lengths=lengths, mask=mask)
    _check_grades(docs.labels, grades)
    if single:
        return docs, None
    logits = scores if mask is None else scores.masked_fill(~mask[..., None], 0.0)
    logits = logits.to(docs.scores.dtype).view(*docs.scores.shape, classes)
    return docs, logits.movedim(-1, 0)


def per_class(values: Tensor, like: Tensor) -> Tensor:
    """``[classes]`` as ``[classes, 1, …]``, to go with ``[classes, documents]``."""
    return values.view(-1, *[1] * like.dim())


def _check_grades(labels: Tensor, grades: int) -> None:
    right = (labels >= 0) & (labels < grades) & (labels == labels.floor())
    if labels.device.type != "cpu" or torch.compiler.is_compiling():
        torch._assert_async(right.all(), "labels must be whole grades, below the number of grades")
    elif not bool(right.all()):
        found = float(labels[~right][0])
        msg = f"labels must be whole grades from 0 to {grades - 1}; got {found:g}"
        raise ValueError(msg)
