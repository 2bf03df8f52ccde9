"""What the quality benchmark counts with: averaging of scores, and who is chosen by what."""

from pathlib import Path

import pytest
import torch

from benchmarks.quality_contest import Outcomes
from benchmarks.quality_data import Cut
from benchmarks.quality_rankers import Contestant, together
from tests.lists_on_disk import PRICE, write_lists

LENGTHS = torch.tensor([3, 2])


def test_models_are_averaged_list_by_list_whatever_the_scale_of_their_scores() -> None:
    one = torch.tensor([3.0, 1.0, 2.0, 0.5, 0.5]).double()
    other = torch.tensor([0.1, 0.9, 0.4, 7.0, 5.0]).double()
    moved = other * 1000 + torch.tensor([800.0, 800.0, 800.0, -3.0, -3.0])
    torch.testing.assert_close(
        together([one, other], LENGTHS), together([one / 50 + 8, moved], LENGTHS)
    )
    assert together([one], LENGTHS).tolist()[3:] == [0, 0]


@pytest.fixture
def outcomes(tmp_path: Path) -> Outcomes:
    rows = [{"grade": [1, 0], "document/price": [0.0, 1.0]}] * 2
    cuts = []
    for test, validation in ((0, 1), (0, 2), (1, 2)):
        folder = tmp_path / f"{test}-{validation}"
        lists = write_lists(folder / "lists", {"test": [rows]}, features=[PRICE])
        cuts.append(Cut(test, validation, lists))
    return Outcomes(cuts, 2, "zero", tmp_path)


def put(outcomes: Outcomes, one: Contestant, validation: float, test: list[float]) -> None:
    for task in outcomes.contest(one):
        task.file.parent.mkdir(parents=True, exist_ok=True)
        value = torch.tensor(validation if task.cut.test == 0 else -validation)
        torch.save({"validation": value, "test": torch.tensor(test)}, task.file)


def test_the_validation_of_a_folds_own_cuts_decides_who_stands_for_it(outcomes: Outcomes) -> None:
    right, wrong = Contestant("ours", "right", {}), Contestant("ours", "wrong", {"k": 1})
    put(outcomes, right, 0.9, [2.0, 1.0, 2.0, 1.0])
    put(outcomes, wrong, 0.1, [1.0, 2.0, 1.0, 2.0])
    chosen = [outcomes.chosen([right, wrong], fold).name for fold in outcomes.folds()]
    assert chosen == ["right", "wrong"]
    values = outcomes.averaged(lambda fold: [[right], [wrong]][fold])
    assert values.tolist() == pytest.approx([1, 1, 0.63093, 0.63093], abs=1e-5)


def test_the_scores_of_several_contestants_are_averaged_with_equal_weight(
    outcomes: Outcomes,
) -> None:
    near, far = Contestant("ours", "near", {}), Contestant("ours", "far", {"k": 1})
    put(outcomes, near, 0.5, [1.0, 2.0, 2.0, 1.0])
    put(outcomes, far, 0.5, [9.0, 1.0, 9.0, 1.0])
    surer = Contestant("ours", "surer", {"k": 2})
    put(outcomes, surer, 0.5, [3.0, 1.0, 3.0, 1.0])
    values = outcomes.averaged(lambda _: [near, far, surer])
    assert values.tolist() == pytest.approx([1, 1, 1, 1])


def test_every_training_has_its_own_seed_and_its_own_file(outcomes: Outcomes) -> None:
    one = Contestant("ours", "one", {})
    tasks = outcomes.contest(one)
    assert len(tasks) == len({task.file for task in tasks}) == 6
    assert sorted(task.seed for task in tasks) == list(range(6))
    glance = [(task.cut.test, task.cut.validation) for task in outcomes.glance(one)]
    assert glance == [(0, 1), (1, 2)]
