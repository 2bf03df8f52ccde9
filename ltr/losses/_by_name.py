"""A loss by the name of its function: one of the catalogue, or a team's own.

A team's loss is found through the entry point group ``ltr.losses`` of any installed distribution.
Entry points are read only for a name that the catalogue does not have, so that importing the losses
costs no search, and no plug-in can stand in for a loss of the catalogue.
"""

import difflib
import functools
import inspect
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from torch import Tensor

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
    plugged_in = entry_points(group=GROUP)
    found = [point for point in plugged_in if point.name == name]
    if len(found) > 1:
        msg = f"the loss {name!r} is plugged in twice: by {' and by '.join(map(_origin, found))}"
        raise ValueError(msg)
    if found:
        return _face_of(name, _load(found[0]))
    known = sorted({*catalogue, *plugged_in.names})
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    msg = f"no loss is called {name!r}; {hint}"
    raise ValueError(msg)


def _load(point: EntryPoint) -> Callable[..., Tensor]:
    try:
        function = point.load()
    # A plug-in may fail in any way while it is imported.
    except Exception as error:
        msg = f"the loss {point.name!r} of {_origin(point)} cannot be imported: {error!r}"
        raise ValueError(msg) from error
    if not _keeps_contract(function):
        msg = (
            f"the loss {point.name!r} of {_origin(point)} must be a function f(scores, labels, *, "
            "<annotated keyword arguments with defaults>, reduction='mean'), or of embeddings and "
            f"classes; got {_shown(function)}"
        )
        raise ValueError(msg)
    return function  # type: ignore[no-any-return]


def _origin(point: EntryPoint) -> str:
    """The distribution that has the entry point, and what it points at."""
    return f"{point.dist.name if point.dist else 'an unknown distribution'} ({point.value})"


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
