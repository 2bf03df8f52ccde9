"""The unit that training and scoring work on: some lists with all that the model reads of them."""

from dataclasses import dataclass, fields
from typing import Any, Self

import torch
from torch import Tensor

from ltr.data.sparse import KeyedJaggedTensor


@dataclass(frozen=True, kw_only=True, slots=True)
class RankingBatch:
    """Some lists, their documents one after another: ``docs`` is the sum of ``lengths``.

    It has the three methods that torchrec's train pipelines ask of a batch.
    """

    grades: Tensor
    """[docs] float32."""
    lengths: Tensor
    """[lists] int64, documents per list."""
    query_dense: Tensor
    """[lists, numbers of the query] float32."""
    document_dense: Tensor
    """[docs, numbers of the document] float32."""
    query_sparse: KeyedJaggedTensor | None
    """Ids of the query, stride [lists]; None where the query has none."""
    document_sparse: KeyedJaggedTensor | None
    """Ids of the document, stride [docs]; None where the document has none."""
    weights: Tensor | None = None
    """[docs] float32, or None: every document counts the same."""
    propensities: Tensor | None = None
    """[docs] float32, above 0 and at most 1: how likely each document was looked at; None where the
    lists do not say."""
    popularity: Tensor | None = None
    """[docs] float32: how often the split shows the document; None where nobody asked for it."""
    numbers: Tensor | None = None
    """[lists] int64: the lists' numbers in their split, to find them again."""

    def to(self, device: torch.device, non_blocking: bool = False) -> Self:  # noqa: FBT001, FBT002 - torchrec's protocol
        """The same batch on another device."""
        return self._map("to", device, non_blocking=non_blocking)

    def pin_memory(self) -> Self:
        """The same batch in page-locked memory, from where a GPU can copy while it computes."""
        return self._map("pin_memory")

    def record_stream(self, stream: torch.Stream) -> None:
        """Tell the allocator that ``stream`` still reads these tensors."""
        for field in fields(self):
            if (part := getattr(self, field.name)) is not None:
                part.record_stream(stream)

    def _map(self, method: str, *args: object, **kwargs: object) -> Self:
        mapped: dict[str, Any] = {}
        for field in fields(self):
            part = getattr(self, field.name)
            mapped[field.name] = (
                getattr(part, method)(*args, **kwargs) if part is not None else None
            )
        return type(self)(**mapped)
