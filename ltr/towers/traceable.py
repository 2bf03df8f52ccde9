"""A ranker as a graph of plain tensors: what `ltr export` traces.

Looking ids up and pooling their vectors is done before the graph, and so is all that depends on how
many documents a list has. The rest of the model is traced as it is, torchrec's modules aside::

    ids ──tables──▶ vectors of each column [rows, dim] ──┐
    numbers [rows, numbers] ─────────────────────────────┼──▶ the model's own layers ──▶ scores
    owner [docs]; with attention padded, real, place ────┘
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torchrec import EmbeddingBagCollection, KeyedTensor, PoolingType

from ltr.data.batch import RankingBatch
from ltr.data.sparse import KeyedJaggedTensor
from ltr.towers.attention import ListAttention
from ltr.towers.id_weights import IdWeights
from ltr.towers.interaction import Product
from ltr.towers.ranker import Ranker
from ltr.towers.tables import SharedTables

Part = TypeVar("Part", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Lookup:
    """An input of the graph: the vectors of one column's ids, pooled."""

    input: str
    column: str
    """``query/<name>`` or ``document/<name>``."""
    table: str
    """Name of the table's parameter."""
    mean: bool
    """Whether the vectors of a row are averaged; else they are added up."""
    dim: int
    weighted: bool
    """Whether the ids have weights, by which their vectors count."""


class Traceable(nn.Module):
    """A ranker over plain tensors.

    Args:
        ranker: Ours or one that is plugged in, as it was loaded; it is taken apart and must not be
            used afterwards.

    Attributes:
        lookups: The vectors that the graph reads.
        tables: Weights of the tables by the name of their parameter; [rows, dim].
        inputs: Names of what `forward` takes.
        outputs: Names of what it gives; with the interaction ``dot`` also the queries' vectors.

    Example:
        >>> from ltr.data.manifest import Feature
        >>> from ltr.recipe import TowersConfig
        >>> from ltr.towers import make_ranker
        >>> brand = Feature(side="document", name="brand", kind="id", size=9)
        >>> traceable = Traceable(make_ranker([brand], TowersConfig(), seed=0))
        >>> traceable.inputs
        ('lengths', 'owner', 'query_dense', 'document_dense', 'vectors_0')
    """

    def __init__(self, ranker: nn.Module) -> None:
        super().__init__()
        self.lookups: list[Lookup] = []
        self.tables: dict[str, Tensor] = {}
        self.given = _Given()
        self._weights = [part for part in ranker.modules() if isinstance(part, IdWeights)]
        attention = any(isinstance(part, ListAttention) for part in ranker.modules())
        _replace(ranker, SharedTables, lambda name, part: _Shared(self, name, part))
        _replace(ranker, EmbeddingBagCollection, lambda name, part: _Tables(self, name, part))
        # Weights are told with the ids, before the graph.
        _replace(ranker, IdWeights, lambda _name, _part: nn.Identity())
        _replace(ranker, ListAttention, lambda _, part: _Attention(self, part))
        self.ranker = ranker.eval()
        self.inputs = (
            *("lengths", "owner", "query_dense", "document_dense"),
            *(("padded", "real", "place") if attention else ()),
            *(one.input for one in self.lookups),
        )
        # An index of document vectors is asked with the vector of a query.
        is_dot = isinstance(ranker, Ranker) and isinstance(ranker.interaction, Product)
        self.outputs = ("scores", "query_vectors") if is_dot else ("scores",)

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """What `outputs` names: the scores, [docs]; see `examples` for the shapes."""
        self.given.tensors = dict(zip(self.inputs, tensors, strict=True))
        lengths, owner, query_dense, document_dense = self.given(self.inputs[:4])
        # The modules that would read ids are replaced, and have been given their vectors.
        ids = cast("KeyedJaggedTensor", _Unread())
        batch = RankingBatch(
            grades=torch.zeros_like(owner, dtype=torch.float32),
            lengths=lengths,
            query_dense=query_dense,
            document_dense=document_dense,
            query_sparse=ids,
            document_sparse=ids,
        )
        with _Spread(lengths, owner):
            scores: Tensor = self.ranker(batch)
        if "query_vectors" not in self.outputs:
            return (scores,)
        vectors = cast("Ranker", self.ranker).query_vectors(batch)
        return scores, cast("Tensor", vectors)

    def look_up(self, name: str, tables: EmbeddingBagCollection) -> dict[str, Lookup]:
        """Make inputs of what a collection of tables would give, by column, in its order."""
        made = {}
        for table in tables.embedding_bag_configs():
            parameter = f"{name}.embedding_bags.{table.name}.weight"
            self.tables[parameter] = tables.embedding_bags[table.name].weight.detach()
            for column in table.feature_names:
                number = f"vectors_{len(self.lookups)}"
                mean, weighted = table.pooling == PoolingType.MEAN, False
                if tables.is_weighted():
                    mean, weighted = self._by_weights(column)
                made[column] = Lookup(
                    number, column, parameter, mean, table.embedding_dim, weighted
                )
                self.lookups.append(made[column])
        return made

    def _by_weights(self, column: str) -> tuple[bool, bool]:
        """Whether tables that are looked up with weights average, and whether the ids have some.

        The tables themselves add up: the weights that `IdWeights` gives them make it a mean.
        """
        for part in self._weights:
            if column in part.columns:
                return column in part.means, column in part.weighted
        msg = f"the weights of {column} must pass through an IdWeights before its table"
        raise TypeError(msg)

    def examples(self, query_numbers: int, document_numbers: int) -> list[Tensor]:
        """Tensors to trace with: three lists of seven documents; no two sizes are alike."""
        lists, docs, longest = 3, 7, 5
        made = {
            "lengths": torch.tensor([5, 0, 2]),
            "owner": torch.tensor([0, 0, 0, 0, 0, 2, 2]),
            "query_dense": torch.zeros(lists, query_numbers),
            "document_dense": torch.zeros(docs, document_numbers),
            "padded": torch.zeros(lists, longest, dtype=torch.int64),
            "real": torch.ones(lists, longest, dtype=torch.bool),
            "place": torch.arange(docs),
        }
        for one in self.lookups:
            rows = lists if one.column.startswith("query/") else docs
            made[one.input] = torch.zeros(rows, one.dim)
        return [made[name] for name in self.inputs]


class _Given:
    """The inputs of the running `Traceable.forward`, for the parts that read them."""

    tensors: Mapping[str, Tensor]

    def __call__(self, names: Sequence[str]) -> list[Tensor]:
        return [self.tensors[name] for name in names]


class _Tables(nn.Module):
    """In place of a collection of tables: gives the vectors that were looked up before."""

    def __init__(self, host: Traceable, name: str, tables: EmbeddingBagCollection) -> None:
        super().__init__()
        self._given, self._found = host.given, host.look_up(name, tables)

    def forward(self, _: object) -> KeyedTensor:
        vectors = self._given([one.input for one in self._found.values()])
        dims = [one.dim for one in self._found.values()]
        return KeyedTensor(list(self._found), dims, torch.cat(vectors, dim=1))


class _Shared(nn.Module):
    """In place of tables that both sides use."""

    def __init__(self, host: Traceable, name: str, shared: SharedTables) -> None:
        super().__init__()
        found = host.look_up(f"{name}.tables", shared.tables)
        self._given = host.given
        self._of_side = {
            side: [found[column].input for column, its, _ in shared.columns if its == side]
            for side in ("query", "document")
        }
        self.num_outputs = shared.num_outputs

    def forward(self, _: RankingBatch) -> tuple[Tensor, Tensor]:
        query, document = (self._given(self._of_side[side]) for side in ("query", "document"))
        return torch.cat(query, dim=1), torch.cat(document, dim=1)


class _Attention(nn.Module):
    """In place of `ListAttention`: where documents lie in padded lists is told, not computed."""

    def __init__(self, host: Traceable, attention: ListAttention) -> None:
        super().__init__()
        self._given = host.given
        self.inputs, self.blocks = attention.inputs, attention.blocks

    def forward(self, vectors: Tensor, _: Tensor) -> Tensor:
        padded, real, place = self._given(["padded", "real", "place"])
        rows = self.inputs(vectors)[padded]
        seen: Tensor = self.blocks(rows, src_key_padding_mask=~real, is_causal=False)
        return seen.flatten(0, 1)[place]


class _Unread:
    """In place of ids."""

    def __getattr__(self, name: str) -> object:
        msg = f"it reads ids ({name}) other than through an EmbeddingBagCollection of its own"
        raise TypeError(msg)


class _Spread(TorchFunctionMode):
    """Repeats a list's row for its documents by an index: a graph has no such operation."""

    def __init__(self, lengths: Tensor, owner: Tensor) -> None:
        super().__init__()
        self.lengths, self.owner = lengths, owner

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - torch's protocol
        named = kwargs or {}
        repeats = named.get("repeats", args[1] if len(args) > 1 else None)
        if (
            function in (torch.repeat_interleave, Tensor.repeat_interleave)
            and repeats is self.lengths
            and "dim" in named
        ):
            return args[0].index_select(named["dim"], self.owner)
        return function(*args, **named)


def _replace(
    module: nn.Module, kind: type[Part], make: Callable[[str, Part], nn.Module], name: str = ""
) -> None:
    """Put ``make(name, part)`` in the place of every part of a kind."""
    for own, part in module.named_children():
        whole = f"{name}.{own}" if name else own
        if isinstance(part, kind):
            setattr(module, own, make(whole, part))
        else:
            _replace(part, kind, make, whole)
