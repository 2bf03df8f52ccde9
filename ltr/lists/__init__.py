"""How lists of documents lie in a tensor, and the operations that losses are written in.

| shape of scores | meaning |
|---|---|
| ``[docs]`` | one list |
| ``[docs]`` + ``lengths [lists]`` | ragged: lists one after another |
| ``[..., list]`` (+ ``mask``, True = a real document) | padded lists |

:func:`arrange` checks the arguments and returns the layout as a value, :class:`Lists`, whose
operations read the same for every layout, so that a loss or metric is written once:

>>> import torch
>>> from ltr.lists import arrange
>>> scores, labels = torch.tensor([1.0, 3.0, 2.0]), torch.tensor([0, 1, 1])
>>> docs = arrange(scores, labels, lengths=torch.tensor([1, 2]))
>>> docs.lists.sum(docs.scores)
tensor([1., 5.])
>>> docs.lists.spread(docs.lists.max(docs.scores))
tensor([1., 3., 3.])
"""

from ltr.lists._arrange import Documents, Lists, arrange
from ltr.lists._padded import Padded
from ltr.lists._ragged import Ragged
from ltr.lists._reduce import Reduction, check_choice, reduce
from ltr.lists._rows import Rows
from ltr.lists._ties import tied_ranks

__all__ = [
    "Documents",
    "Lists",
    "Padded",
    "Ragged",
    "Reduction",
    "Rows",
    "arrange",
    "check_choice",
    "reduce",
    "tied_ranks",
]
