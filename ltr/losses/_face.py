"""The ``nn.Module`` faces of the losses: one class, and a subclass per function to name it."""

import inspect
from collections.abc import Callable
from types import MappingProxyType, UnionType
from typing import Any, ClassVar, Literal, get_args, get_origin

from torch import Tensor, nn

from ltr.lists import check_choice


class LossModule(nn.Module):
    """A loss function with its own arguments set; what is a tensor is given with each call.

    >>> from ltr.losses import GradedHingeLoss
    >>> GradedHingeLoss(margin=0.5)
    GradedHingeLoss(margin=0.5, pair_weight=None, reduction='mean')
    """

    function: ClassVar[Callable[..., Tensor]]
    signature: ClassVar[inspect.Signature]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - typed below
        super().__init__()
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            _check(name, value, self.signature.parameters[name].annotation)
            setattr(self, name, value)

    def forward(self, *inputs: Tensor, **tensors: Tensor | None) -> Tensor:
        """Return the loss of the function's ``inputs``, such as scores and labels.

        ``tensors`` are its others, such as ``lengths`` or ``mask``.
        """
        return type(self).function(*inputs, **tensors, **self.arguments)

    @property
    def arguments(self) -> dict[str, Any]:
        """The loss's own arguments by name."""
        return {name: getattr(self, name) for name in self.signature.parameters}

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())


def face(function: Callable[..., Tensor]) -> type[LossModule]:
    """Make the module face of a loss of ours and put it into the catalogue."""
    made = make_face(function.__name__, function)
    _FACES[function.__name__] = made
    return made


_FACES: dict[str, type[LossModule]] = {}

catalogue = MappingProxyType(_FACES)
"""The module face of each loss by the name of its function."""


def make_face(name: str, function: Callable[..., Tensor]) -> type[LossModule]:
    """Make the module face of a loss: ``graded_hinge`` -> ``GradedHingeLoss``.

    Its constructor takes the function's keyword arguments that are not tensors, in their order.
    """
    own = [
        parameter.replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for parameter in inspect.signature(function, eval_str=True).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not _is_per_call(parameter)
    ]
    signature = inspect.Signature(own)
    text = inspect.getdoc(function) or ""
    return type(
        "".join(part.capitalize() for part in name.removesuffix("_loss").split("_")) + "Loss",
        (LossModule,),
        {
            "__doc__": f"{text.split('>>>')[0]}The module face of the function ``{name}``.",
            "__module__": "ltr.losses",
            "__signature__": signature,
            "function": staticmethod(function),
            "signature": signature,
        },
    )


def _is_per_call(parameter: inspect.Parameter) -> bool:
    words = str(parameter.annotation)
    return "Tensor" in words or "Generator" in words


def _check(name: str, value: object, annotation: Any) -> None:  # noqa: ANN401 - any type
    allowed = get_args(annotation)
    if get_origin(annotation) is Literal:
        check_choice(name, value, annotation)
        return
    types = allowed if isinstance(annotation, UnionType) else (annotation,)
    if not all(isinstance(each, type) for each in types):
        return  # A plug-in's list[int], say: its own business.
    if float in types:
        types = (*types, int)
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        want = getattr(annotation, "__name__", annotation)
        msg = f"{name} must be {want}; got {value!r}"
        raise TypeError(msg)
