"""NDCG as other tools compute it, each checked against the tool itself to 1e-6.

| preset | gain | tied scores | list without gain |
|---|---|---|---|
| ``lightgbm`` | 2^y - 1 | input order | 1 |
| ``xgboost`` | 2^y - 1 | input order | 1 (its ``ndcg@k-``: ``blank="zero"``) |
| ``catboost`` | y | worst case | 1 |
| ``sklearn``, ``torchmetrics`` | y | averaged | 0 |
| ``trec_eval`` | y | document id, descending | 0 |
| ``ranx``, ``ranx_burges`` | y, 2^y - 1 | input order | 0 |
| ``tf_ranking`` | 2^y - 1 | input order | 0 |

TF-Ranking and Rax shuffle ties by default; the preset is what they do without a seed for that. Of
CatBoost, TF-Ranking and Rax it is the documented formula that was compared.
"""

from typing import Literal, TypeAlias, TypedDict

from ltr.lists import check_choice
from ltr.metrics._ranked import Ties
from ltr.metrics._reduce import Blank

Preset: TypeAlias = Literal[
    "lightgbm",
    "xgboost",
    "catboost",
    "sklearn",
    "torchmetrics",
    "trec_eval",
    "ranx",
    "ranx_burges",
    "tf_ranking",
]


class NdcgArguments(TypedDict):
    """What tools disagree on: arguments of ``ndcg``."""

    gain: Literal["exp2", "linear"]
    ties: Ties
    blank: Blank


_PRESETS: dict[str, tuple[Literal["exp2", "linear"], Ties, Blank]] = {
    "lightgbm": ("exp2", "input_order", "one"),
    "xgboost": ("exp2", "input_order", "one"),
    "catboost": ("linear", "worst", "one"),
    "sklearn": ("linear", "averaged", "zero"),
    "torchmetrics": ("linear", "averaged", "zero"),
    "trec_eval": ("linear", "document_id", "zero"),
    "ranx": ("linear", "input_order", "zero"),
    "ranx_burges": ("exp2", "input_order", "zero"),
    "tf_ranking": ("exp2", "input_order", "zero"),
}


def preset(name: Preset) -> NdcgArguments:
    """Return the arguments with which ``ndcg`` gives the number of another tool.

    For ``trec_eval`` give also ``ids`` in the order of the documents' names, and as
    ``ideal_labels`` the grades of all judged documents, negative ones as 0: it counts what was not
    retrieved. A list of one document has no value in scikit-learn.

    Raises:
        ValueError: If there is no preset ``name``.

    >>> import torch
    >>> from ltr.metrics import ndcg
    >>> blank = torch.zeros(3), torch.zeros(3)
    >>> ndcg(*blank, **preset("lightgbm")), ndcg(*blank, **preset("sklearn"))
    (tensor(1., dtype=torch.float64), tensor(0., dtype=torch.float64))
    """
    check_choice("preset", name, Preset)
    gain, ties, blank = _PRESETS[name]
    return {"gain": gain, "ties": ties, "blank": blank}
