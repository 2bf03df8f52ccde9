"""Models by name: our two towers, and those that other distributions plug in."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ltr.data.reader import Lists
from ltr.recipe import RecipeError, TowersConfig
from ltr.towers import make_ranker
from ltr.training import load_ranker, train
from tests.lists_on_disk import PRICE, write_lists
from tests.training.planted import planted, recipe

SOURCE = """
import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, num_inputs, scale):
        super().__init__()
        self.scale, self.layer = scale, nn.Linear(num_inputs, 1)

    def forward(self, batch):
        return self.scale * self.layer(batch.document_dense).squeeze(1)


def linear(features, *, seed, scale=1.0):
    if scale <= 0:
        raise ValueError("scale must be positive")
    numbers = [one for one in features if one.column.startswith("document/") and not one.size]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Linear(len(numbers), scale)


def nothing(features, *, seed):
    return None
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lay a distribution with a model on the path, as an installer does."""
    monkeypatch.syspath_prepend(tmp_path)

    def lay(points: str) -> None:
        folder = tmp_path / "team_models-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: team-models\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[ltr.towers]\n{points}")
        (tmp_path / "team_models.py").write_text(SOURCE)
        monkeypatch.delitem(sys.modules, "team_models", raising=False)

    return lay


def test_a_model_of_another_distribution_is_trained_and_loaded_by_its_name(
    tmp_path: Path, install: Callable[[str], None]
) -> None:
    install("linear = team_models:linear\n")
    settings = recipe(epochs=2).model_copy(
        update={"towers": TowersConfig(name="linear", arguments={"scale": 2.0})}
    )
    folder = planted(tmp_path / "lists")
    train(folder, tmp_path / "model", settings)
    model = load_ranker(tmp_path / "model")
    assert type(model).__name__ == "Linear"
    assert model.scale == 2.0
    batch = Lists(folder, "validation").gather(torch.arange(3))
    assert model(batch).shape == batch.grades.shape


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"name": "liner"}, "towers.name: no model is called 'liner'; did you mean 'linear'"),
        ({"name": "linear", "arguments": {"scale": -1}}, "towers.arguments: linear cannot be made"),
        ({"name": "linear", "arguments": {"size": 1}}, "unexpected keyword argument 'size'"),
        ({"name": "nothing"}, r"must return a torch.nn.Module; got NoneType"),
        ({"name": "lost"}, r"the model 'lost' of team-models .* cannot be imported"),
    ],
)
def test_a_model_that_cannot_be_made_is_refused(
    tmp_path: Path, install: Callable[[str], None], config: dict[str, object], message: str
) -> None:
    install("linear = team_models:linear\nnothing = team_models:nothing\nlost = team_models:lost\n")
    row = {"grade": [0, 1], "document/price": [0.0, 1.0]}
    lists = Lists(write_lists(tmp_path, {"train": [[row]]}, features=[PRICE]), "train")
    with pytest.raises(RecipeError, match=message):
        make_ranker(lists.manifest.features, TowersConfig.model_validate(config), seed=0)
