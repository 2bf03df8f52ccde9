import datetime

import pytest
import torch
from pydantic import ValidationError

from ltr.errors import first_failure
from ltr.recipe import LossConfig, Recipe, RecipeError, TrainingConfig


def test_the_largest_seed_is_one_that_every_generator_takes() -> None:
    largest = 2**63 - 1
    assert torch.Generator().manual_seed(largest).initial_seed() == largest
    assert TrainingConfig(seed=largest).seed == largest


@pytest.mark.parametrize("seed", [-1, 2**63, 10**23])
def test_a_seed_that_no_generator_takes_is_refused(seed: int) -> None:
    with pytest.raises(ValidationError, match=r"should be (greater|less) than or equal to"):
        TrainingConfig(seed=seed)


@pytest.mark.parametrize("value", [float("nan"), datetime.date(2024, 1, 1), [float("inf")]])
def test_an_argument_that_json_cannot_hold_is_refused_by_its_own_name(value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Recipe(loss=LossConfig.model_validate({"arguments": {"margin": value}}))
    failure = first_failure(caught.value)
    assert failure.key == "arguments.margin"
    assert failure.rule.startswith("must be text, a finite number")


def test_what_a_recipe_breaks_is_told_by_its_dotted_key() -> None:
    error = RecipeError(key="loss.name", rule="must be known")
    assert (str(error), error.key) == ("loss.name: must be known", "loss.name")
