"""Read lists from disk: shards are memory-mapped, and any lists are gathered by their numbers.

A shard is one Arrow IPC file with one record batch, so each column is one run of memory and
becomes a tensor without a copy. A batch is then index arithmetic: no loop over lists or documents.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import torch
from torch import Tensor

from ltr.data.batch import RankingBatch
from ltr.data.columns import Column, as_tensor, spread
from ltr.data.manifest import Feature, ListsError, Manifest, Shard, Side, SplitName
from ltr.data.schema import PROPENSITY, is_list, open_shard
from ltr.data.sparse import KeyedJaggedTensor, keyed_jagged


class Lists:
    """The lists of one split, numbered from 0 in the order of the files.

    The files are opened once, here: a folder that is replaced meanwhile does not change what is
    read. The tensors of a batch are copies; the files are never written.

    Args:
        folder: A folder of lists.
        split: Which part of it.
        popularity: Give every batch its documents' popularity; takes a pass over their ids.

    Raises:
        ListsError: The folder has no valid manifest, or a shard is not what the manifest says.
    """

    def __init__(self, folder: str | Path, split: SplitName, *, popularity: bool = False) -> None:
        self.folder = folder = Path(folder).resolve()
        """The version of the folder that is read."""
        self.manifest = Manifest.load(folder)
        self.split = split
        shards = self.manifest.splits[split].shards
        self._shards = [_open(folder, shard, self.manifest.features) for shard in shards]
        self.lengths = _cat([shard.lengths for shard in self._shards], torch.int64)
        """[lists] int64, documents per list."""
        sizes = torch.tensor([0, *(len(shard.lengths) for shard in self._shards)])
        self._first = sizes.cumsum(0)
        self._popularity = _popularity(self._shards) if popularity else None

    def __len__(self) -> int:
        """How many lists there are."""
        return len(self.lengths)

    def grades(self) -> Tensor:
        """The grade of every document in the order of the files; [docs] uint8, a copy."""
        return _cat([shard.grades for shard in self._shards], torch.uint8)

    def propensities(self) -> Tensor | None:
        """How likely each document was looked at; [docs] float32, a copy, or None if not told."""
        return _cat_known([shard.propensities for shard in self._shards])

    def gather(self, numbers: Tensor) -> RankingBatch:
        """Read the lists with these numbers.

        Args:
            numbers: [lists] int64, in any order. The batch holds them in ascending order: to a
                loss the order means nothing, and the files are read front to back.

        Raises:
            IndexError: There is no list with one of the numbers.
        """
        numbers = numbers.sort().values
        parts = list(self._parts(numbers))
        query, document = (_Side(self.manifest.features, side, parts) for side in _SIDES)
        return RankingBatch(
            grades=_cat([part.shard.grades[part.rows["document"]] for part in parts]).float(),
            lengths=_cat([part.shard.lengths[part.rows["query"]] for part in parts], torch.int64),
            query_dense=query.numbers(),
            document_dense=document.numbers(),
            query_sparse=query.ids(),
            document_sparse=document.ids(),
            popularity=self._popularity_of(parts),
            propensities=_cat_known(
                [
                    None if known is None else known[part.rows["document"]]
                    for part in parts
                    for known in [part.shard.propensities]
                ]
            ),
            numbers=numbers,
        )

    def query_ids(self, numbers: Tensor) -> list[str]:
        """The ids of the queries with these ascending list numbers, for people to read."""
        found: list[str] = []
        for part in self._parts(numbers):
            found += part.shard.query_ids.take(pa.array(part.rows["query"].numpy())).to_pylist()
        return found

    def _popularity_of(self, parts: list["_Part"]) -> Tensor | None:
        if self._popularity is None:
            return None
        return _cat([self._popularity[part.number][part.rows["document"]] for part in parts])

    def _parts(self, numbers: Tensor) -> Iterator["_Part"]:
        """Cut ascending list numbers at the borders of the shards."""
        if len(numbers) and not 0 <= int(numbers[0]) <= int(numbers[-1]) < len(self):
            found = f"{int(numbers[0])} to {int(numbers[-1])}"
            msg = f"a list number must be from 0 to {len(self) - 1}; got {found}"
            raise IndexError(msg)
        cuts = torch.searchsorted(numbers, self._first).tolist()
        firsts = self._first.tolist()
        for number, (start, end) in enumerate(itertools.pairwise(cuts)):
            if start < end:
                yield _Part.of(number, self._shards[number], numbers[start:end] - firsts[number])


_SIDES: tuple[Side, Side] = ("query", "document")


@dataclass(frozen=True, slots=True)
class _Shard:
    starts: Tensor
    """[lists] int64: the first document of each list."""
    lengths: Tensor
    """[lists] int64."""
    grades: Tensor
    """[docs] uint8."""
    propensities: Tensor | None
    """[docs] float32, or None."""
    query_ids: pa.Array
    """[lists] strings."""
    document_ids: pa.Array
    """[docs] strings."""
    columns: dict[str, Column]


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows that a batch takes from one shard, of each side."""

    number: int
    shard: _Shard
    rows: dict[Side, Tensor]

    @classmethod
    def of(cls, number: int, shard: _Shard, lists: Tensor) -> "_Part":
        documents = spread(shard.starts[lists], shard.lengths[lists])
        return cls(number, shard, {"query": lists, "document": documents})


class _Side:
    """The features of one side of a batch, taken from the parts that it is made of."""

    def __init__(self, features: tuple[Feature, ...], side: Side, parts: list[_Part]) -> None:
        self.features = [feature for feature in features if feature.side == side]
        self.parts = [(part.shard.columns, part.rows[side]) for part in parts]
        self.num_rows = sum(len(rows) for _, rows in self.parts)

    def numbers(self) -> Tensor:
        """[rows, numbers] float32."""
        names = [feature.column for feature in self.features if feature.kind == "number"]
        return self._single(names, torch.float32).t()

    def ids(self) -> KeyedJaggedTensor | None:
        """All ids; features with one id per row need no lengths and go through one buffer."""
        names = [feature.column for feature in self.features if feature.kind != "number"]
        if not names:
            return None
        single = [feature.column for feature in self.features if feature.kind == "id"]
        values = dict(zip(single, self._single(single, torch.int64), strict=True))
        ones = torch.ones(self.num_rows, dtype=torch.int64)
        columns = [(values[name], ones) if name in values else self._jagged(name) for name in names]
        return keyed_jagged(names, columns, self._weights([len(ids) for ids, _ in columns]))

    def _weights(self, counts: list[int]) -> list[Tensor] | None:
        """Of the ids of each feature, 1 where it has none; None where no feature has any."""
        columns = [feature.weights_column for feature in self.features if feature.kind != "number"]
        if not any(columns):
            return None
        return [
            torch.ones(count) if column is None else self._jagged(column, torch.float32)[0]
            for column, count in zip(columns, counts, strict=True)
        ]

    def _single(self, names: list[str], dtype: torch.dtype) -> Tensor:
        """[names, rows]: written column by column, since that is how the file lies."""
        out = torch.empty(len(names), self.num_rows, dtype=dtype)
        start = 0
        for columns, rows in self.parts:
            for name, target in zip(names, out[:, start : start + len(rows)], strict=True):
                torch.index_select(columns[name].values, 0, rows, out=target)
            start += len(rows)
        return out

    def _jagged(self, name: str, dtype: torch.dtype = torch.int64) -> tuple[Tensor, Tensor]:
        taken = [columns[name].take(rows) for columns, rows in self.parts]
        values, lengths = zip(*taken, strict=True) if taken else ((), ())
        return _cat(list(values), dtype), _cat(list(lengths), torch.int64)


def _open(folder: Path, shard: Shard, features: tuple[Feature, ...]) -> _Shard:
    """Map one file and check that it is what the manifest says."""
    batch = open_shard(folder, features, shard, full=True)
    return _view(batch, shard, features, folder / shard.file)


def _view(batch: pa.RecordBatch, shard: Shard, features: tuple[Feature, ...], path: Path) -> _Shard:
    columns = {name: batch.column(name) for name in batch.schema.names}
    if holes := [name for name, array in columns.items() if _has_nulls(array)]:
        msg = f"{path}: the column {holes[0]} must have no nulls"
        raise ListsError(msg)
    grade = columns["grade"]
    offsets = as_tensor(grade.offsets).long()
    documents = int(offsets[-1] - offsets[0]) if len(offsets) else 0
    if (batch.num_rows, documents) != (shard.lists, shard.documents):
        expected = f"{shard.lists} lists of {shard.documents} documents"
        msg = f"{path} must hold {expected}; got {batch.num_rows} lists of {documents}"
        raise ListsError(msg)
    for name, array in columns.items():
        if is_list(array.type) and not name.startswith("query"):
            _require_same_lengths(array, offsets, f"{path}: the column {name}")
    views = {
        column: _column(columns[column], feature)
        for feature in features
        for column in feature.columns
    }
    ids = columns["document_id"].values
    for feature in features:
        _require_known_ids(views[feature.column], feature, path)
        if feature.weights_column is not None:
            _require_weights(views[feature.weights_column], views[feature.column], feature, path)
    propensities = _propensities(columns.get(PROPENSITY), path)
    return _Shard(
        starts=offsets[:-1],
        lengths=offsets.diff(),
        grades=as_tensor(grade.values),
        propensities=propensities,
        query_ids=columns["query_id"],
        document_ids=ids,
        columns=views,
    )


def _propensities(column: pa.Array | None, path: Path) -> Tensor | None:
    if column is None:
        return None
    values = as_tensor(column.values)
    if not bool(((values > 0) & (values <= 1)).all()):
        msg = f"{path}: the column {PROPENSITY} must lie above 0 and be at most 1"
        raise ListsError(msg)
    return values


def _popularity(shards: list[_Shard]) -> list[Tensor]:
    """How often the shards together show each document; [docs] float32 per shard."""
    if not shards:
        return []
    encoded = pa.chunked_array([shard.document_ids for shard in shards]).combine_chunks()
    codes = as_tensor(encoded.dictionary_encode().indices).long()
    shown = codes.bincount()[codes].float()
    return list(torch.split(shown, [len(shard.document_ids) for shard in shards]))


def _column(array: pa.Array, feature: Feature) -> Column:
    return Column.of(array if feature.side == "query" else array.values)


def _has_nulls(array: pa.Array) -> bool:
    if array.null_count:
        return True
    return is_list(array.type) and _has_nulls(array.values)


def _require_same_lengths(array: pa.Array, offsets: Tensor, what: str) -> None:
    found = as_tensor(array.offsets)
    if found.shape != offsets.shape or not bool((found == offsets).all()):
        msg = f"{what} must have as many documents in every list as the column grade"
        raise ListsError(msg)


def _require_known_ids(column: Column, feature: Feature, path: Path) -> None:
    """Refuse an id without a row in its table: what looks it up may read past the table's end."""
    if feature.size is None or not len(column.values):
        return
    least, most = (int(value) for value in column.values.aminmax())
    if not 0 <= least <= most < feature.size:
        found = least if least < 0 else most
        rule = f"must hold ids from 0 to {feature.size - 1}"
        msg = f"{path}: the column {feature.column} {rule}; got {found}"
        raise ListsError(msg)


def _require_weights(weights: Column, ids: Column, feature: Feature, path: Path) -> None:
    """Refuse weights that are not one per id, or that no average can be made with."""
    assert weights.offsets is not None
    assert ids.offsets is not None
    what = f"{path}: the column {feature.weights_column}"
    if not torch.equal(weights.offsets.long(), ids.offsets.long()):
        msg = f"{what} must have as many weights in every row as {feature.column} has ids"
        raise ListsError(msg)
    fits = weights.values.isfinite() & (weights.values >= 0)
    if not bool(fits.all()):
        found = weights.values[~fits][0].item()
        msg = f"{what} must hold finite weights of at least 0; got {found}"
        raise ListsError(msg)


def _cat(parts: list[Tensor], dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.cat(parts) if parts else torch.empty(0, dtype=dtype)


def _cat_known(parts: list[Tensor | None]) -> Tensor | None:
    """All parts as one, or None where one of them is not known."""
    known = [part for part in parts if part is not None]
    return _cat(known) if known and len(known) == len(parts) else None
