"""docs/registry.md shows code that runs, and a model that was trained goes through the registry."""

import re

import pytest
import torch

from ltr.data.reader import Lists
from ltr.training import ModelCard, WarmStart, load_ranker, score, train
from pipelines.cli import main
from pipelines.registry import Registry, model_folder
from tests.docs.blocks import run_python
from tests.registry.models import about
from tests.registry.test_command import ROOT
from tests.training.planted import planted, recipe

PAGE = ROOT / "docs" / "registry.md"


def test_the_code_on_the_page_prints_what_it_shows():
    assert run_python(PAGE) == 1


def test_the_page_names_every_command(capsys):
    assert main(["models", "--help"]) in (0, 2)
    out = capsys.readouterr().out
    shown = set(re.findall(r"^\| `ltr models (\w+)", PAGE.read_text(), re.MULTILINE))
    assert shown == {"list", "show", "diff", "rollback", "verify"}
    assert all(name in out for name in shown)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    lists = planted(folder / "lists", num_lists=40)
    train(lists, folder / "model", recipe(epochs=1))
    return folder


def test_the_champion_scores_as_the_model_that_was_trained_and_a_training_begins_with_it(
    trained, tmp_path
):
    models = Registry(tmp_path / "models")
    models.promote(models.add(trained / "model", about()).name)
    champion = models.folder / "champion"
    rows = Lists(trained / "lists", "test")
    scores = [score(load_ranker(one), rows) for one in (trained / "model", champion)]
    assert torch.equal(*scores)
    start = WarmStart(model_folder(champion))
    train(trained / "lists", tmp_path / "second", recipe(epochs=1), warm_start=start)
    second = models.add(tmp_path / "second", about(parent="v0001"))
    parent = ModelCard.load(second.folder).parent
    assert parent
    assert parent.optimizer
    second.verify()
