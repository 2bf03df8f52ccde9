"""Embedding tables in fewer bits: what `ltr.exported.tables` reads."""

from typing import Final, Literal, TypeAlias, get_args

import torch
from torch import Tensor

TableForm: TypeAlias = Literal["float32", "bf16", "int8"]
TABLE_FORMS: Final = get_args(TableForm)


def quantised(table: Tensor, form: TableForm) -> dict[str, Tensor]:
    """A table in another form: its codes under "", and of ``int8`` the ``scale`` and ``offset``.

    ``int8``: each row in 256 steps from its least to its greatest value, rounded to the nearest; a
    value moves by half a step at most. ``bf16``: the nearest bfloat16.

    Args:
        table: [rows, dim] float32.
        form: How to write it.

    Example:
        >>> parts = quantised(torch.tensor([[-1.0, 0.0, 1.55]]), "int8")
        >>> parts[""].tolist(), round(parts["scale"].item(), 4)
        ([[0, 100, 255]], 0.01)
    """
    if form == "float32":
        return {"": table.contiguous()}
    if form == "bf16":
        return {"": table.to(torch.bfloat16)}
    least, greatest = table.amin(1, keepdim=True), table.amax(1, keepdim=True)
    step = (greatest - least) / 255
    codes = (table - least) / torch.where(step > 0, step, 1)
    return {"": codes.round().clamp(0, 255).to(torch.uint8), "scale": step, "offset": least}
