"""How often each position is examined, from counts of clicks: three experiments, one click model.

All three rest on the position-based model: a document d at position p is clicked with probability
examination(p) x relevance(d), and nobody clicks what was not examined. They differ in where the
comparison of two positions comes from:

* :func:`shuffled_curve`: some lists were shown in random order, so that every position has had
  documents of equal relevance (Joachims, Swaminathan and Schnabel, Unbiased Learning-to-Rank with
  Biased Feedback, WSDM 2017, section 5.3);
* :func:`harvested_curve`: several rankers, or one that changes, put the same document at several
  positions by other reasons than its relevance of the moment (Agarwal et al., Estimating Position
  Bias without Intrusive Interventions, WSDM 2019: AllPairs);
* :func:`click_model_curve`: the model is fitted to all clicks, with one relevance per document
  (Chuklin, Markov and de Rijke, Click Models for Web Search, 2015, section 4.1: EM; Wang et al.,
  Position Bias Estimation for Unbiased Learning to Rank in Personal Search, WSDM 2018, take a
  regression for the relevance instead).

Only the ratio to the first position can be told, since a log in which everything is examined half
as often and twice as relevant is the same log. What they need of a log are sums of counts, so that
the counts of its parts can be added up.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from ltr.evaluation.click_model import fit_position_model

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def shuffled_curve(shown: npt.ArrayLike, clicks: npt.ArrayLike) -> Floats:
    """Examination relative to the first position, from lists shown in random order.

    Assumes that the order of those lists was drawn uniformly, over at least as many positions as
    are asked for. Its error is that of a click rate.

    Args:
        shown: Int ``[positions]``, documents shown at position 1, 2, … of shuffled lists.
        clicks: Int ``[positions]``, how many of them were clicked.

    Returns:
        Float ``[positions]``, 1 for the first. NaN for a position at which nothing was shown.

    Raises:
        ValueError: The shapes differ, there are more clicks than documents, or nothing was clicked
            at the first position.

    Example:
        >>> shuffled_curve([200, 200, 100], [80, 40, 5]).tolist()
        [1.0, 0.5, 0.125]
    """
    number, clicked = _counts(shown, clicks)
    if not len(clicked) or not clicked[0]:
        msg = "the curve is relative to the first position; got no click there"
        raise ValueError(msg)
    rates = np.divide(clicked, number, out=np.full_like(clicked, np.nan), where=number > 0)
    curve: Floats = rates / rates[0]
    return curve


def harvested_curve(
    shown: npt.ArrayLike, clicks: npt.ArrayLike, positions: npt.ArrayLike, documents: npt.ArrayLike
) -> Floats:
    """Examination relative to the first position, from documents shown at several positions.

    AllPairs: for every two positions, the click rates at both of the documents that were shown at
    both, averaged over these documents. The curve that explains all pairs best is taken, each pair
    with one relevance of its own. Assumes that where a document stood says nothing about its
    relevance at that time; a document itself may be seen as rarely as twice.

    Args:
        shown: Int ``[cells]``, how often a document was shown at a position. A cell is a document
            at a position; it may come in several pieces.
        clicks: Int ``[cells]``, how often it was clicked there.
        positions: Int ``[cells]``, 1 = first.
        documents: Int ``[cells]``: equal where a click is equally likely once examined, as for the
            same document under the same query.

    Returns:
        Float ``[largest position]``, 1 for the first. NaN for a position that no chain of documents
        compares with the first.

    Raises:
        ValueError: The shapes differ, a position is below 1, there are more clicks than documents,
            or no document that was also shown elsewhere was clicked at the first position.

    Example:
        >>> twice = dict(positions=[1, 2], documents=[7, 7])
        >>> harvested_curve([400, 100], [200, 25], **twice).round(3).tolist()
        [1.0, 0.5]
    """
    number, clicked = _counts(shown, clicks)
    where, which = _cells(number, positions, documents)
    shape = (int(which.max(initial=-1)) + 1, int(where.max(initial=-1)) + 1)
    cell = (which[number > 0], where[number > 0])
    shown_at = sparse.csr_array((number[number > 0], cell), shape=shape)
    clicked_at = sparse.csr_array((clicked[number > 0], cell), shape=shape)
    seen = sparse.csr_array(shown_at > 0, dtype=np.float64)
    rates = sparse.csr_array(clicked_at.multiply(shown_at.power(-1.0)))
    # [k, k']: the documents shown at both, and the sum of their click rates at k.
    pairs, rate_sums = (seen.T @ seen).tocoo(), (rates.T @ seen).toarray()
    at, other = (axis[pairs.row != pairs.col].astype(np.int64) for axis in (pairs.row, pairs.col))
    number, clicked = pairs.data[pairs.row != pairs.col], rate_sums[at, other]
    # A pair of positions stands where a document does in the click model.
    pair = np.minimum(at, other) * shape[1] + np.maximum(at, other)
    return _fitted(number, np.minimum(clicked, number), at, pair, shape[1])


def click_model_curve(
    shown: npt.ArrayLike, clicks: npt.ArrayLike, positions: npt.ArrayLike, documents: npt.ArrayLike
) -> Floats:
    """Examination relative to the first position, by EM of the position-based click model.

    One relevance for each document. Assumes what :func:`harvested_curve` does and, beyond it, that
    documents are seen often: with a handful of views each, their relevances are fitted to noise and
    the curve comes out biased (Neyman and Scott, 1948). Documents that nobody clicked or that stood
    at one position only fit any curve and are left out.

    Args:
        shown: Int ``[cells]``, how often a document was shown at a position.
        clicks: Int ``[cells]``, how often it was clicked there.
        positions: Int ``[cells]``, 1 = first.
        documents: Int ``[cells]``, as for :func:`harvested_curve`.

    Returns:
        Float ``[largest position]``, 1 for the first. NaN for a position that no chain of clicked
        documents compares with the first: the model has no single answer there.

    Raises:
        ValueError: As :func:`harvested_curve`.

    Example:
        >>> twice = dict(positions=[1, 2], documents=[7, 7])
        >>> click_model_curve([400, 100], [200, 25], **twice).round(3).tolist()
        [1.0, 0.5]
    """
    number, clicked = _counts(shown, clicks)
    where, which = _cells(number, positions, documents)
    return _fitted(number, clicked, where, which, int(where.max(initial=-1)) + 1)


def _counts(shown: npt.ArrayLike, clicks: npt.ArrayLike) -> tuple[Floats, Floats]:
    number = np.asarray(shown, dtype=np.float64)
    clicked = np.asarray(clicks, dtype=np.float64)
    if number.ndim != 1 or number.shape != clicked.shape:
        msg = f"shown and clicks must have one shape [cells]; got {number.shape}, {clicked.shape}"
        raise ValueError(msg)
    wrong = ~((clicked >= 0) & (clicked <= number) & np.isfinite(number))
    if wrong.any():
        found = f"{clicked[wrong][0]:g} of {number[wrong][0]:g}"
        msg = f"clicks must lie between 0 and shown; got {found}"
        raise ValueError(msg)
    return number, clicked


def _cells(number: Floats, positions: npt.ArrayLike, documents: npt.ArrayLike) -> tuple[Ints, Ints]:
    where, names = np.asarray(positions), np.asarray(documents)
    if not number.shape == where.shape == names.shape:
        msg = f"positions and documents must be [cells]; got {where.shape}, {names.shape}"
        raise ValueError(msg)
    if len(where) and where.min() < 1:
        msg = f"positions must be at least 1; got {where.min()}"
        raise ValueError(msg)
    return where.astype(np.int64) - 1, np.unique(names, return_inverse=True)[1].astype(np.int64)


def _fitted(number: Floats, clicked: Floats, where: Ints, which: Ints, size: int) -> Floats:
    """The click model's curve over that of the first position; NaN where nothing compares them."""
    number, clicked, where, which = _informative(number, clicked, where, which)
    if not clicked[where == 0].any():
        msg = "no document that was also shown elsewhere was clicked at the first position"
        raise ValueError(msg)
    curve = np.full(size, np.nan)
    curve[: where.max() + 1] = fit_position_model(number, clicked, where, which)
    seen = sparse.csr_array((np.ones(len(where)), (which, where)), shape=(which.max() + 1, size))
    groups = sparse.csgraph.connected_components(seen.T @ seen, directed=False)[1]
    relative: Floats = np.where(groups == groups[0], curve / curve[0], np.nan)
    return relative


def _informative(
    number: Floats, clicked: Floats, where: Ints, which: Ints
) -> tuple[Floats, Floats, Ints, Ints]:
    """The cells, each in one piece, of documents that were clicked and stood at two positions."""
    size = int(where.max(initial=0)) + 1
    cell, piece = np.unique((which * size + where)[number > 0], return_inverse=True)
    shown = np.bincount(piece, number[number > 0], len(cell)).astype(np.float64)
    clicks = np.bincount(piece, clicked[number > 0], len(cell)).astype(np.float64)
    document, position = np.divmod(cell, size)
    tells = (np.bincount(document) > 1) & (np.bincount(document, clicks) > 0)
    kept = tells[document]
    names = np.unique(document[kept], return_inverse=True)[1].astype(np.int64)
    return shown[kept], clicks[kept], position[kept], names
