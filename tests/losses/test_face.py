"""The module faces."""

import inspect
import pickle
import subprocess
import sys

import pytest
import torch

from ltr import losses
from ltr.losses import GradedHingeLoss, LossModule, RankHingeLoss, by_name, catalogue

SCORES = torch.tensor([0.2, -0.4, 1.3, 0.8, 0.0, -1.1])
LABELS = torch.tensor([1, 0, 3, 2, 0, 1])


@pytest.mark.parametrize("name", sorted(catalogue))
def test_each_face_is_named_after_its_function_and_explains_itself(name):
    face = catalogue[name]
    words = "".join(word.capitalize() for word in name.removesuffix("_loss").split("_"))
    assert face.__name__ == f"{words}Loss"
    assert getattr(losses, face.__name__) is face
    assert getattr(losses, name) is face.function
    assert "Args:" in (inspect.getdoc(face) or "")


@pytest.mark.parametrize("name", sorted(catalogue))
def test_each_face_survives_a_pickle_and_prints_as_it_is_made(name):
    made = catalogue[name]()
    again = pickle.loads(pickle.dumps(made))
    assert repr(again) == repr(made)
    assert eval(repr(made), vars(losses)).arguments == made.arguments


def test_a_face_gives_the_value_of_its_function():
    loss = GradedHingeLoss(margin=0.3, reduction="none")
    lengths = torch.tensor([3, 3])
    expected = losses.graded_hinge(SCORES, LABELS, lengths=lengths, margin=0.3, reduction="none")
    assert torch.equal(loss(SCORES, LABELS, lengths=lengths), expected)
    assert RankHingeLoss(num_neg=1, margin=1.0)(
        SCORES[:, None], LABELS[:, None] * 0 + 1 - torch.arange(6)[:, None] % 2
    ).item() == pytest.approx(0.3)


def test_the_constructor_shows_its_real_arguments():
    assert str(inspect.signature(GradedHingeLoss)).startswith("(margin: float = 1.0, pair_weight:")
    assert GradedHingeLoss(0.5).margin == 0.5


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"margins": 1.0}, TypeError, "margins"),
        ({"margin": "1"}, TypeError, "margin must be float; got '1'"),
        ({"margin": True}, TypeError, "margin must be float; got True"),
        ({"reduction": "avg"}, ValueError, r"reduction must be one of .*; got 'avg'"),
    ],
)
def test_wrong_arguments_are_refused_at_construction(arguments, error, match):
    with pytest.raises(error, match=match):
        GradedHingeLoss(**arguments)


def test_whole_numbers_pass_for_floats_but_not_the_reverse():
    assert GradedHingeLoss(margin=1).margin == 1
    with pytest.raises(TypeError, match=r"num_neg must be int; got 1.5"):
        RankHingeLoss(num_neg=1.5)


def test_an_unknown_loss_suggests_the_nearest():
    assert by_name("rank_hinge") is RankHingeLoss
    with pytest.raises(ValueError, match="'graded_hing'; did you mean 'graded_hinge'"):
        by_name("graded_hing")
    with pytest.raises(ValueError, match=r"there are .*graded_hinge"):
        by_name("zzz")


def test_a_face_is_a_module_without_state():
    assert isinstance(GradedHingeLoss(), LossModule)
    assert GradedHingeLoss().state_dict() == {}


def test_importing_the_losses_imports_torch_and_nothing_else():
    code = (
        "import sys, torch; before = set(sys.modules); import ltr.losses; "
        "print(sorted({m.split('.')[0] for m in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    third_party = set(eval(done.stdout)) - {"ltr"} - set(sys.stdlib_module_names)
    assert third_party == set()
