"""Losses by name: the catalogue's, and those that other distributions plug in."""

import pickle
import sys
import tomllib
from pathlib import Path

import pytest
import torch

from ltr import plugins
from ltr.losses import GradedHingeLoss, _by_name, by_name, catalogue

EXAMPLE = Path(__file__).parent / "plugin_example"
SCORES = torch.tensor([0.2, -0.4, 1.3])
LABELS = torch.tensor([1, 0, 3])


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Do what an installer does: lay a distribution and its entry points on the path."""
    monkeypatch.syspath_prepend(tmp_path)

    def lay(name, points):
        folder = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"{point} = {value}\n" for point, value in points.items()]
        (folder / "entry_points.txt").write_text(f"[ltr.losses]\n{''.join(lines)}")
        return tmp_path

    return lay


@pytest.fixture
def example(install, monkeypatch):
    """The example package, installed as its own pyproject.toml says."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    install(project["name"], project["entry-points"]["ltr.losses"])
    monkeypatch.syspath_prepend(EXAMPLE / "src")
    yield
    sys.modules.pop("team_losses", None)


@pytest.mark.usefixtures("example")
def test_a_loss_of_another_distribution_is_found_and_works_as_ours_do():
    loss = by_name("tolerant_error")(tolerance=0.25)
    assert repr(loss) == "TolerantErrorLoss(tolerance=0.25, reduction='mean')"
    expected = ((0.8 - 0.25) + (0.4 - 0.25) + (1.7 - 0.25)) / 3
    assert loss(SCORES, LABELS).item() == pytest.approx(expected)
    ragged = loss(SCORES, LABELS, lengths=torch.tensor([2, 1]))
    assert ragged.item() == pytest.approx(((0.55 + 0.15) / 2 + 1.45) / 2)
    with pytest.raises(TypeError, match=r"tolerance must be float; got '1'"):
        by_name("tolerant_error")(tolerance="1")


@pytest.mark.usefixtures("example")
def test_a_plug_in_is_one_class_that_survives_a_pickle_and_leaves_the_catalogue_alone():
    made = by_name("tolerant_error")(tolerance=0.25)
    assert by_name("tolerant_error") is type(made)
    assert repr(pickle.loads(pickle.dumps(made))) == repr(made)
    assert "tolerant_error" not in catalogue


@pytest.mark.usefixtures("example")
def test_the_nearest_name_may_be_that_of_a_plug_in():
    with pytest.raises(ValueError, match="'tolerant_eror'; did you mean 'tolerant_error'"):
        by_name("tolerant_eror")
    with pytest.raises(ValueError, match=r"there are .*graded_hinge.*tolerant_error"):
        by_name("zzz")


def test_a_name_of_the_catalogue_reads_no_entry_points(monkeypatch):
    monkeypatch.delattr(plugins, "entry_points")
    assert by_name("graded_hinge") is GradedHingeLoss


def test_a_plug_in_does_not_stand_in_for_a_loss_of_the_catalogue(install):
    install("other", {"graded_hinge": "json:dumps"})
    assert by_name("graded_hinge") is GradedHingeLoss


def test_two_plug_ins_with_one_name_are_both_named(install):
    install("team-a", {"ours": "a:ours"})
    install("team-b", {"ours": "b:ours"})
    with pytest.raises(ValueError, match=r"'ours' is plugged in twice: by team-") as error:
        by_name("ours")
    assert "team-a (a:ours)" in str(error.value)
    assert "team-b (b:ours)" in str(error.value)


def test_a_plug_in_that_cannot_be_imported_says_why(install):
    install("team", {"gone": "no_such_module:gone", "missing": "json:missing"})
    with pytest.raises(
        ValueError, match=r"'gone' of team \(no_such_module:gone\).*No module named"
    ):
        by_name("gone")
    with pytest.raises(ValueError, match=r"'missing' of team \(json:missing\).*AttributeError"):
        by_name("missing")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("class loss: pass", r"<class '.*loss'>"),
        ("def loss(s, *, reduction: str = 'mean'): ...", r"loss\(s, \*, reduction"),
        ("def loss(s, y, *, margin: float = 1.0): ...", r"loss\(s, y, \*, margin"),
        ("def loss(s, y, reduction: str = 'mean'): ...", r"loss\(s, y, reduction"),
        ("def loss(s, y, *, m=1.0, reduction: str = 'mean'): ...", r"loss\(s, y, \*, m=1.0"),
        ("def loss(s, y, *, m: float, reduction: str = 'mean'): ...", r"loss\(s, y, \*, m: float,"),
        ("def loss(s, y, *, m: 'X' = 1, reduction: str = 'mean'): ...", r"loss\(s, y, \*, m: 'X'"),
        ("def loss(*tensors, reduction: str = 'mean'): ...", r"loss\(\*tensors"),
    ],
)
def test_what_is_no_function_with_the_contract_is_refused_and_shown(
    install, monkeypatch, source, shown
):
    folder = install("team", {"loss": "team_of_one:loss"})
    (folder / "team_of_one.py").write_text(source)
    monkeypatch.delitem(sys.modules, "team_of_one", raising=False)
    with pytest.raises(ValueError, match=rf"must be a function f\(scores, labels.*got {shown}"):
        by_name("loss")
    sys.modules.pop("team_of_one")


def test_annotations_that_are_read_late_are_understood(install):
    folder = install("team", {"late": "team_of_late:late"})
    (folder / "team_of_late.py").write_text(
        "from __future__ import annotations\n"
        "from torch import Tensor\n"
        "def late(scores, labels, *, weights: Tensor | None = None, m: float = 1.0,\n"
        "         ks: list[int] = [5], reduction: str = 'mean'): ...\n"
    )
    assert by_name("late")(m=2).arguments == {"m": 2, "ks": [5], "reduction": "mean"}
    sys.modules.pop("team_of_late")


def test_the_module_has_no_attribute_that_is_no_loss():
    with pytest.raises(AttributeError, match="no loss is called 'zzz'"):
        _by_name.zzz  # noqa: B018
    assert not hasattr(_by_name, "__wrapped__")
