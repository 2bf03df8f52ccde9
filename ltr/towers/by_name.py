"""The model that a recipe names: our two towers, or one that a team plugs in."""

from collections.abc import Sequence
from typing import Final

from torch import nn

from ltr import plugins
from ltr.data.manifest import Feature
from ltr.recipe import RecipeError, TowersConfig
from ltr.towers.ranker import Ranker

BUILT_IN: Final = "two_towers"
GROUP = "ltr.towers"
"""Entry points of this group are functions ``f(features, *, seed, **arguments) -> nn.Module``."""


def make_ranker(features: Sequence[Feature], config: TowersConfig, *, seed: int) -> nn.Module:
    """Make a model with its initial weights.

    A model that is plugged in maps a `RankingBatch` to scores [docs]. Its `EmbeddingBagCollection`
    tables are sharded and updated as ours are, all other weights by the dense optimizer.

    Args:
        features: The features of the lists, as the manifest lists them.
        config: ``config.name`` decides; see `TowersConfig`.
        seed: Decides all initial weights.

    Raises:
        RecipeError: No model has this name, or it cannot be made with these arguments.
        ValueError: The features do not suffice; see `Ranker`.

    Example:
        >>> features = [Feature(side="document", name="price", kind="number")]
        >>> type(make_ranker(features, TowersConfig(), seed=0)).__name__
        'Ranker'
    """
    if config.name == BUILT_IN:
        return Ranker(features, config, seed=seed)
    try:
        point = plugins.find("model", config.name, group=GROUP, built_in=[BUILT_IN])
        factory = plugins.load("model", point)
    except ValueError as error:
        raise RecipeError(key="towers.name", rule=str(error)) from error
    try:
        model = factory(features, seed=seed, **config.arguments)
    except (TypeError, ValueError) as error:
        rule = f"{config.name} cannot be made with them: {error}"
        raise RecipeError(key="towers.arguments", rule=rule) from error
    if not isinstance(model, nn.Module):
        rule = f"{plugins.origin(point)} must return a torch.nn.Module; got {type(model).__name__}"
        raise RecipeError(key="towers.name", rule=rule)
    return model
