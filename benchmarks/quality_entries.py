"""Who competes in the quality benchmark: our losses and towers, and LightGBM's settings."""

from dataclasses import dataclass
from typing import Any

from benchmarks.quality_rankers import Contestant
from ltr.losses import catalogue
from ltr.recipe import LossConfig, RecipeError
from ltr.training.objective import Objective

Settings = dict[str, Any]


@dataclass(frozen=True)
class Entries:
    """The contestants of one set."""

    contest: list[Contestant]
    """Those that may be chosen."""
    table: list[Contestant]
    """Every loss, with one tower."""


LINEAR: Settings = {"query": [], "document": [], "scorer": []}
HIDDEN: Settings = {"query": [], "document": [], "scorer": [32], "dropout": 0.2}
DROPPED: Settings = {"query": [], "document": [], "scorer": [64], "dropout": 0.5}
BILINEAR: Settings = {"query": [16], "document": [16], "scorer": []}
DEEP: Settings = {"query": [64, 32], "document": [64, 32], "scorer": [32]}
VECTORS: Settings = {
    "embedding_dim": 64,
    "tables": {
        column: {"dim": 4} for column in ("query/user_id", "document/document_id", "document/brand")
    },
}
"""Long ones for the few ids that many lists teach, short ones for those seen a few times."""
WIDE_BILINEAR, WIDE_DEEP = BILINEAR | VECTORS, DEEP | VECTORS
NAMES = {
    id(LINEAR): "linear",
    id(HIDDEN): "one hidden layer of 32",
    id(DROPPED): "one hidden layer of 64, half of it dropped",
    id(BILINEAR): "bilinear (towers [16], no hidden layer)",
    id(DEEP): "towers [64, 32], scorer [32]",
    id(WIDE_BILINEAR): "bilinear, vectors of 64 and of 4",
    id(WIDE_DEEP): "towers [64, 32], scorer [32], vectors of 64 and of 4",
}
ARGUMENTS: dict[str, Settings] = {
    "rank_cross_entropy": {"num_neg": 8},
    "rank_hinge": {"num_neg": 8},
    "neural_ndcg": {"rounds": 5},
}
"""Where a default does not fit lists of this length or would take very long."""
SCHEMES = ("lambdarank", "ndcg1", "ndcg2", "ndcg2++")


def ours(loss: str, towers: Settings, training: Settings) -> Contestant:
    """A ranker of ours; ``loss`` may end in a scheme."""
    name, *scheme = loss.split()
    arguments = ARGUMENTS.get(name, {}) | ({"scheme": scheme[0]} if scheme else {})
    recipe = {"towers": towers, "loss": {"name": name, "arguments": arguments}}
    return Contestant("ours", loss, recipe | {"training": training}, NAMES[id(towers)])


def trees(objective: str, leaves: int, **more: Any) -> Contestant:  # noqa: ANN401 - LightGBM's own
    """LightGBM's ranker."""
    settings = {"objective": objective, "num_leaves": leaves, "learning_rate": 0.05} | more
    return Contestant("LightGBM", objective, settings, f"{leaves} leaves")


def every_loss(towers: Settings, training: Settings) -> list[Contestant]:
    """Every loss of the catalogue that trains on lists of grades."""
    names = []
    for name in sorted(catalogue):
        try:
            Objective.of(LossConfig(name=name))
        except RecipeError:
            continue  # a loss over embeddings, distances, given pairs or both towers' vectors
        names += [f"{name} {scheme}" for scheme in SCHEMES] if name == "lambda_loss" else [name]
    return [ours(name, towers, training) for name in names]


FEW: Settings = {
    "epochs": 40,
    "patience": 10,
    "lists_per_batch": 8,
    "learning_rate": 0.003,
    "weight_decay": 0.01,
}
FEW_LINEAR = FEW | {"learning_rate": 0.01}
SHOP: Settings = {
    "epochs": 20,
    "patience": 3,
    "lists_per_batch": 32,
    "learning_rate": 0.003,
    "weight_decay": 0.1,
    "table_learning_rate": 0.1,
}
SHOP_WIDE = SHOP | {"weight_decay": 1.0}
BUSY_SHOP = SHOP | {"lists_per_batch": 64, "patience": 2}
TWO_LISTS = FEW | {"lists_per_batch": 2}
"""A step; so that 36 lists, each of hundreds of documents, give enough of them."""
SHORT = FEW | {"epochs": 20, "patience": 6}
"""For losses over all pairs of lists of hundreds of documents."""
LISTWISE = ("softmax_cross_entropy", "xe_ndcg")
SHOP_LOSSES = ("calibrated_softmax", "rank_cross_entropy", "softmax_cross_entropy")
PAIRS = ("lambda_loss lambdarank", "approx_ndcg")
BAGGED: Settings = {"subsample": 0.8, "subsample_freq": 1, "colsample_bytree": 0.8}
"""So that seeds differ, and averaging their models does what it does for ours."""
TREES = [
    trees(objective, leaves, min_child_samples=50, **BAGGED)
    for objective in ("lambdarank", "rank_xendcg")
    for leaves in (7, 15)
]
FORMULAS = [
    Contestant("formula", "logistic regression on the formula's terms", {"C": c}, f"C = {c}")
    for c in (0.1, 0.3, 1.0)
]

SHOP_CONTEST = [
    *(ours(loss, WIDE_DEEP, SHOP_WIDE) for loss in ("calibrated_softmax", "rank_cross_entropy")),
    *(ours(loss, WIDE_BILINEAR, SHOP_WIDE) for loss in SHOP_LOSSES),
    *TREES,
    *FORMULAS,
]

SETS = {
    "clueweb": Entries(
        [ours(loss, DROPPED, TWO_LISTS) for loss in LISTWISE]
        + [ours(loss, DROPPED, TWO_LISTS | {"epochs": 20}) for loss in PAIRS]
        + TREES,
        every_loss(HIDDEN, SHORT),
    ),
    "example": Entries(
        [ours(loss, LINEAR, FEW_LINEAR) for loss in (*LISTWISE, "ordinal")]
        + [ours(loss, HIDDEN, FEW) for loss in (*LISTWISE, "ordinal")]
        + TREES,
        every_loss(LINEAR, FEW_LINEAR),
    ),
    "shop": Entries(SHOP_CONTEST, every_loss(WIDE_DEEP, SHOP_WIDE)),
    "by_time": Entries(SHOP_CONTEST, []),
    "busy": Entries(
        [ours("rank_cross_entropy", towers, BUSY_SHOP) for towers in (DEEP, BILINEAR)]
        + [ours("calibrated_softmax", DEEP, BUSY_SHOP)]
        + [
            trees(objective, 31, min_child_samples=50)
            for objective in ("lambdarank", "rank_xendcg")
        ]
        + FORMULAS[-1:],
        [],
    ),
}
