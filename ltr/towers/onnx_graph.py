"""The layers of a ranker as an ONNX graph: traced by torch.export, then translated."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from ltr.towers.traceable import Traceable

if TYPE_CHECKING:
    from onnx import ModelProto


class ExportError(ValueError):
    """A model cannot be written as a graph."""


def onnx_graph(traceable: Traceable, *, query_numbers: int, document_numbers: int) -> bytes:
    """Write the layers as a graph whose numbers of lists and of documents are free.

    Args:
        traceable: The model.
        query_numbers: Columns of ``query_dense``.
        document_numbers: Columns of ``document_dense``.

    Raises:
        ExportError: It does what a graph cannot, or only for the sizes that it was traced with.
    """
    examples = traceable.examples(query_numbers, document_numbers)
    free = torch.export.Dim.DYNAMIC
    shapes = tuple(
        {0: free, 1: free} if name in ("padded", "real") else {0: free} for name in traceable.inputs
    )
    try:
        with _quietly(), torch.no_grad():
            traced = torch.export.export(
                traceable, tuple(examples), dynamic_shapes=(shapes,), strict=False
            )
            program = torch.onnx.export(
                traced,
                dynamo=True,
                input_names=list(traceable.inputs),
                output_names=list(traceable.outputs),
                verbose=False,
            )
    # Tracing runs the model's code, which may be a team's own and fail in any way.
    except Exception as error:
        msg = f"the layers cannot be traced: {_reason(error)}"
        raise ExportError(msg) from error
    assert program is not None
    return _stripped(program.model_proto)


def _reason(error: Exception) -> str:
    text = str(error).strip()
    if text.startswith("Constraints violated"):
        # torch says this in twenty lines about its own symbols.
        return (
            "they are for one number of lists or of documents only; len(tensor) fixes a size "
            "where tensor.shape[0] does not"
        )
    return f"{type(error).__name__}: {text.partition(chr(10))[0]:.300}"


def _stripped(model: "ModelProto") -> bytes:
    """The graph without names and stacks of the code it was traced from."""
    for node in model.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
        node.ClearField("name")
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        value.ClearField("metadata_props")
    model.graph.ClearField("value_info")
    model.graph.ClearField("metadata_props")
    model.ClearField("metadata_props")
    model.ClearField("functions")
    content: bytes = model.SerializeToString(deterministic=True)
    return content


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep torch from advising its own developers; and from tracing what no graph can have.

    Attention in its fused form is one operation of torch's own.
    """
    log = logging.getLogger("torch.onnx._internal.exporter._registration")
    level, fused = log.level, torch.backends.mha.get_fastpath_enabled()
    log.setLevel(logging.ERROR)
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        log.setLevel(level)
