"""Cross entropy of top-one probabilities.

Cao et al., "Learning to rank: from pairwise approach to listwise approach", ICML 2007, definition 2
and the loss of section 4.
"""

from torch import Tensor

from ltr.lists import Reduction, arrange
from ltr.losses._listwise import cross_entropy


def list_net(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Cross entropy between the top-one probabilities of a list's grades and scores, in nats.

    -sum_i w_i softmax(y)_i log softmax(s)_i: a document comes first with the share that its grade
    has under a softmax, so one of grade 0 also has one. A list whose grades are all equal is left
    out: it has no order to learn.

    Relations to other losses: ``softmax_cross_entropy`` gives documents of grade 0 no share. In a
    list of 100 with one click, ``list_net`` gives the click 2.7 % and everything else to the rest:
    it suits lists with many grades.


    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a
            document's term.
        reduction: "mean" over the lists whose grades differ, "sum", or "none" for one
            value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> list_net(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3]))
    tensor(0.5386)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    top = docs.lists.max(docs.labels)
    # The softmax of the grades, up to the factor that its sum takes out.
    gains = docs.lists.blank((docs.labels - docs.lists.spread(top)).clamp(max=0).exp())
    return cross_entropy(docs, gains, reduction, scores.dtype)
