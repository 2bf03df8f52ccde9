"""How often each position is examined, estimated from documents seen at several positions.

The position-based model says that a document d at position p is clicked with probability
examination(p) x relevance(d). Its Poisson likelihood is highest where the clicks expected from the
log equal those counted, for every position and every document, and is climbed by fitting one side
and then the other. Documents that were seen at one position only say nothing about the curve
(Agarwal et al., Estimating Position Bias without Intrusive Interventions, WSDM 2019).
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]

MOST_ROUNDS = 10_000
SETTLED = 1e-10


def position_curve(
    clicks: npt.ArrayLike, positions: npt.ArrayLike, documents: npt.ArrayLike
) -> Floats:
    """Examination of each position relative to the first: a probability if that is always seen.

    Args:
        clicks: Float ``[rows]``, 0 or 1.
        positions: Int ``[rows]``, where the document was shown, 1 = first.
        documents: Int ``[rows]``, 0 or more: equal where a click is equally likely once examined,
            as for the same document under the same query.

    Returns:
        Float ``[largest position]``, 1 for the first. NaN for a position that no chain of clicked
        documents connects with the first: the log cannot compare the two.

    Raises:
        ValueError: The shapes differ, a position is below 1, or nothing was clicked at the first.

    Example:
        >>> shown_twice = dict(positions=[1] * 4 + [2] * 4, documents=[7] * 8)
        >>> position_curve([1, 1, 1, 1, 1, 1, 0, 0], **shown_twice).tolist()
        [1.0, 0.5]
    """
    clicked, where, which = _checked(clicks, positions, documents)
    shape = (which.max() + 1, where.max() + 1)
    shown = sparse.csr_array((np.ones(len(where)), (which, where)), shape=shape)
    by_document = np.bincount(which, weights=clicked).astype(np.float64)
    by_position = np.bincount(where, weights=clicked).astype(np.float64)
    # A document that nobody clicked fits any curve.
    known = by_document > 0
    curve = _fit(shown[known], by_document[known], by_position)
    return np.where(_compared_with_first(shown[known]), curve / curve[0], np.nan)


def _checked(
    clicks: npt.ArrayLike, positions: npt.ArrayLike, documents: npt.ArrayLike
) -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    clicked = np.asarray(clicks, dtype=np.float64)
    where, names = np.asarray(positions), np.asarray(documents)
    if clicked.ndim != 1 or not clicked.shape == where.shape == names.shape:
        msg = (
            "clicks, positions and documents must be [rows]; "
            f"got {clicked.shape}, {where.shape} and {names.shape}"
        )
        raise ValueError(msg)
    if not ((clicked >= 0) & (clicked <= 1)).all():
        msg = "clicks must lie between 0 and 1"
        raise ValueError(msg)
    if len(where) and where.min() < 1:
        msg = f"positions must be at least 1; got {where.min()}"
        raise ValueError(msg)
    if not clicked[where == 1].any():
        msg = "the curve is relative to the first position; got no click there"
        raise ValueError(msg)
    which = np.unique(names, return_inverse=True)[1]
    return clicked, where.astype(np.int64) - 1, which


def _fit(shown: sparse.csr_array, by_document: Floats, by_position: Floats) -> Floats:
    curve = np.ones(len(by_position))
    ever = np.asarray(shown.sum(axis=0)) > 0
    for _ in range(MOST_ROUNDS):
        relevance = by_document / (shown @ curve)
        expected = shown.T @ relevance
        fitted = np.divide(by_position, expected, out=np.zeros_like(curve), where=ever)
        # The scale is free: it moves between the curve and the documents.
        fitted /= fitted[0]
        moved = np.abs(fitted - curve).max()
        curve = fitted
        if moved < SETTLED:
            break
    return curve


def _compared_with_first(shown: sparse.csr_array) -> npt.NDArray[np.bool_]:
    together = sparse.csr_array(shown.T @ shown)
    groups = sparse.csgraph.connected_components(together, directed=False)[1]
    same: npt.NDArray[np.bool_] = groups == groups[0]
    return same
