"""How large the towers are."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Sizes = tuple[Annotated[int, Field(ge=1)], ...]


class TowersConfig(BaseModel):
    """Sizes of the towers and of the scorer on top of them.

    Example:
        >>> TowersConfig(query=(64, 16), document=(32, 16)).scorer
        (32,)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    embedding_dim: Annotated[int, Field(ge=4, multiple_of=4)] = 16
    """Length of the vector of an id; a multiple of 4, which the fused tables ask for."""
    query: Annotated[Sizes, Field(min_length=1)] = (64, 32)
    """Layers of the query tower, the last one its vector."""
    document: Annotated[Sizes, Field(min_length=1)] = (64, 32)
    """Layers of the document tower, the last one its vector."""
    scorer: Sizes = (32,)
    """Hidden layers between the two vectors and the score; may be empty."""

    @model_validator(mode="after")
    def _vectors_can_be_multiplied(self) -> Self:
        if self.query[-1] != self.document[-1]:
            found = f"query {self.query[-1]} and document {self.document[-1]}"
            msg = f"both towers must end in vectors of the same length; got {found}"
            raise ValueError(msg)
        return self
