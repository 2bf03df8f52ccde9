"""Softmax over the documents of the batch, for two towers.

Yi et al., "Sampling-bias-corrected neural modeling for large corpus item recommendations", RecSys
2019, eqs. 3 to 5: the batch softmax, its correction by the log of a document's sampling
probability, and the reward that weighs a query.
"""

import torch
from torch import Tensor

from ltr.lists import Padded, Reduction
from ltr.losses._embeddings import (
    check_embeddings,
    check_shape,
    products,
    reduce_pairs,
    working_type,
)


def in_batch_softmax(
    queries: Tensor,
    documents: Tensor,
    *,
    document_ids: Tensor | None = None,
    log_q: Tensor | None = None,
    weights: Tensor | None = None,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """Cross entropy of each query's document among all documents of the batch, in nats.

    -log softmax_j(<q_i, d_j> / temperature - log_q_j) at j = i. A frequent document is a frequent
    negative; without ``log_q`` it is pushed down for that alone.

    Relations to other losses: ``softmax_cross_entropy`` takes the documents that were shown for the
    query, this one those shown for others: retrieval rather than ranking. With a scorer of your own
    give its ``[queries, documents]`` scores to ``softmax_cross_entropy``, the identity as labels.
    ``rank_cross_entropy`` draws ``num_neg`` negatives.

    Args:
        queries: Float ``[queries, dim]``, from the query tower.
        documents: Float ``[documents, dim]``: the document of query i in row i; rows after the last
            query's are further negatives, e.g. sampled ones or those of other workers.
        document_ids: Int ``[documents]``; another row with the id of query i's own document is no
            negative of it. None: all differ.
        log_q: Float ``[documents]``, log of the probability that a document is in the batch, or of
            its share of the log: what is the same for all cancels. None: all alike.
        weights: ``[queries]``, the reward: multiplies the query's value.
        temperature: Divides the inner products, above 0; 0.05 suits embeddings of length 1.
        reduction: "mean" over the queries with a weight other than 0, "sum", or "none" for one
            value per query.

    Returns:
        A scalar, or ``[queries]`` for "none", in the type of ``queries``.

    Raises:
        ValueError: If shapes or types do not fit, or ``temperature`` is not above 0.

    >>> import torch
    >>> queries = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> in_batch_softmax(queries, queries, temperature=0.5, reduction="none")
    tensor([0.1269, 0.1269])
    """
    _check(queries, documents, document_ids, log_q, weights)
    if not temperature > 0:
        msg = f"temperature must be above 0; got {temperature}"
        raise ValueError(msg)
    work = working_type(queries)
    scores = products(queries.to(work), documents.to(work)) / temperature
    if log_q is not None:
        scores = scores - log_q.to(work)
    candidates = _candidates(scores, document_ids)
    values = -candidates.log_softmax(scores).diagonal()
    return reduce_pairs(values, weights, reduction, queries.dtype)


def _candidates(scores: Tensor, document_ids: Tensor | None) -> Padded:
    """Each query's documents as a list, without second copies of its own document."""
    if document_ids is None:
        return Padded(scores.shape, scores.device)
    own = torch.eye(*scores.shape, dtype=torch.bool, device=scores.device)
    mask = (document_ids[: len(scores), None] != document_ids) | own
    return Padded.of(scores.shape, scores.device, mask, scores.dtype)


def _check(
    queries: Tensor,
    documents: Tensor,
    document_ids: Tensor | None,
    log_q: Tensor | None,
    weights: Tensor | None,
) -> None:
    check_embeddings("queries", queries)
    check_embeddings("documents", documents)
    fits = queries.dim() == documents.dim() == 2 and queries.shape[1] == documents.shape[1]
    if not fits or len(documents) < len(queries):
        msg = (
            "queries [queries, dim] need documents [documents, dim], one each or more; "
            f"got {list(queries.shape)} and {list(documents.shape)}"
        )
        raise ValueError(msg)
    for name, tensor in (("document_ids", document_ids), ("log_q", log_q)):
        if tensor is not None:
            check_shape(name, tensor, documents.shape[:1], "documents without its last dimension")
    if weights is not None:
        check_shape("weights", weights, queries.shape[:1], "queries without its last dimension")
