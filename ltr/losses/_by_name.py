"""A loss by the name of its function: one of the catalogue, or a team's own.

A team's loss is found through the entry point group ``ltr.losses`` of any installed distribution.
Entry points are read only for a name that the catalogue does not have, so that importing the losses
costs no search, and no plug-in can stand in for a loss of the catalogue.
"""

import functools
import inspect
from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

from torch import Tensor

from ltr import plugins
from ltr.losses._face import LossModule, catalogue, make_face

GROUP = "ltr.losses"


def by_name(name: str) -> type[LossModule]:
    """Return the module face of the loss function ``name``.

    Raises:
        ValueError: If no loss has this name, the text gives the nearest; if two plug-ins have it;
            or if the plug-in cannot be imported or is no function with the contract of a loss.

    >>> by_name("graded_hinge")(margin=0.5)
    GradedHingeLoss(margin=0.5, pair_weight=None, reduction='mean')
    """
    if name in catalogue:
        return catalogue[name]
    point = plugins.find("loss", name, group=GROUP, built_in=catalogue)
    return _face_of(name, _load(point))


def _load(point: EntryPoint) -> Callable[..., Tensor]:
    function = plugins.load("loss", point)
    if not _keeps_contract(function):
        msg = (
            f"the loss {point.name!r} of {plugins.origin(point)} must be a function "
            "f(scores, labels, *, <annotated keyword arguments with defaults>, reduction='mean'), "
            f"or of embeddings and classes; got {_shown(function)}"
        )
        raise ValueError(msg)
    return function  # type: ignore[no-any-return]


def _keeps_contract(function: object) -> bool:
    if not inspect.isfunction(function):
        return False
    try:
        parameters = inspect.signature(function, eval_str=True).parameters
    except NameError:
        return False
    keywords = [p for p in parameters.values() if p.kind is inspect.Parameter.KEYWORD_ONLY]
    inputs = [p for p in parameters.values() if p not in keywords]
    return (
        len(inputs) > 1
        and all(p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for p in inputs)
        and all(p.default is inspect.Parameter.empty for p in inputs)
        and all(inspect.Parameter.empty not in (p.default, p.annotation) for p in keywords)
        and any(p.name == "reduction" for p in keywords)
    )


def _shown(function: object) -> str:
    if not inspect.isfunction(function):
        return f"{function!r}"
    return f"{function.__name__}{inspect.signature(function)}"


@functools.cache
def _face_of(name: str, function: Callable[..., Tensor]) -> type[LossModule]:
    made = make_face(name, function)
    # Where a pickle looks for the class again: __getattr__ below.
    made.__module__, made.__qualname__ = __name__, name
    return made


def __getattr__(name: str) -> Any:  # noqa: ANN401 - what any module may have
    if not name.startswith("_"):
        try:
            return by_name(name)
        except ValueError as error:
            raise AttributeError(str(error)) from error
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
