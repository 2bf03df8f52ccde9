"""Lists whose relevance can be learned: from a number, and from which item suits which user."""

from pathlib import Path
from typing import Any

import torch

from ltr.recipe import LossConfig, Recipe, TowersConfig, TrainingConfig
from tests.lists_on_disk import AGE, ITEM, PRICE, USER, Row, write_lists

TOWERS = TowersConfig(embedding_dim=8, query=(16, 8), document=(16, 8), scorer=(8,))


def planted(
    folder: Path, num_lists: int = 240, noise: float = 0.0, numbers: torch.Tensor | None = None
) -> Path:
    """Grade 1 if user and item are of one kind (odd, even), and 1 more for a price above 0.7.

    ``numbers`` says how the items 0 to 99 are numbered instead.
    """
    chance = torch.Generator().manual_seed(0)
    rows = [_row(number, chance, noise) for number in range(num_lists)]
    item = ITEM
    if numbers is not None:
        item = ITEM | {"size": int(numbers.max()) + 1}
        for row in rows:
            row["document/item"] = numbers[row["document/item"]].tolist()
    cut = num_lists * 3 // 4
    splits = {"train": [rows[: cut // 2], rows[cut // 2 : cut]], "validation": [rows[cut:]]}
    return write_lists(folder, splits, features=[USER, item, PRICE])


def _row(number: int, chance: torch.Generator, noise: float) -> Row:
    num_docs = 5 + number % 7
    user = 1 + number % 20
    items = torch.randint(1, 60, (num_docs,), generator=chance)
    prices = torch.rand(num_docs, generator=chance)
    grades = (items % 2 == user % 2).int() + (prices > 0.7).int()
    flipped = torch.rand(num_docs, generator=chance) < noise
    return {
        "grade": torch.where(flipped, 2 - grades, grades).tolist(),
        "query/user": user,
        "document/item": items.tolist(),
        "document/price": prices.tolist(),
    }


def clicked(folder: Path, num_lists: int = 600) -> Path:
    """Clicks on lists that were shown in the order of ``age``, which says nothing of relevance.

    ``price`` does: a document is relevant with the probability of its price squared. Position p is
    examined with the probability 1 / p, the propensity. The test lists hold the true relevance.
    """
    chance = torch.Generator().manual_seed(1)
    parts = {"train": num_lists, "validation": num_lists // 4, "test": num_lists // 4}
    splits = {
        part: [[_clicked_row(chance, true=part == "test") for _ in range(number)]]
        for part, number in parts.items()
    }
    return write_lists(folder, splits, features=[PRICE, AGE])


def _clicked_row(chance: torch.Generator, *, true: bool) -> Row:
    ages = torch.rand(10, generator=chance).sort().values
    prices = torch.rand(10, generator=chance)
    examined = 1 / torch.arange(1, 11)
    relevant = torch.rand(10, generator=chance) < prices**2
    looked_at = torch.rand(10, generator=chance) < examined
    return {
        "grade": (relevant if true else relevant & looked_at).int().tolist(),
        "propensity": examined.tolist(),
        "document/price": prices.tolist(),
        "document/age": ages.tolist(),
    }


def recipe(
    loss: str = "graded_hinge",
    arguments: Row | None = None,
    *,
    unbiased: bool = False,
    **training: Any,
) -> Recipe:
    settings = {"epochs": 3, "lists_per_batch": 16, "learning_rate": 0.01, "seed": 5} | training
    return Recipe(
        towers=TOWERS,
        loss=LossConfig(name=loss, arguments=arguments or {}, unbiased=unbiased),
        training=TrainingConfig(table_learning_rate=0.1, **settings),
    )
