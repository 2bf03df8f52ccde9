"""A model in one file, that scores rows as the log has them."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from ltr.exported import container
from ltr.exported.columns import Column, Encoded, encode
from ltr.exported.container import Arrays
from ltr.exported.errors import ExportedError
from ltr.exported.graph import Graph, Lookup, Session, open_session
from ltr.exported.ids import IdTable, Vocabulary
from ltr.exported.numbers import NumberScale
from ltr.exported.tables import Floats, Table

FORMAT: Final = "ltr-exported/1"
ABOUT: Final = "ltr"
"""Under which the file's metadata has a description, as JSON."""
_KNOTS = ("values", "levels")


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """A ranking model with its pre-processing, as `ltr export` writes it.

    It needs numpy and onnxruntime (and xxhash where ids are hashed): no torch, torchrec or polars.
    Loading runs no code of the file. Threads may share one.

    Attributes:
        columns: What it reads of the log.
        graph: What it makes of these.
        made_by: SHA-256 of the weights, fingerprint of the encoder, form of the tables.
    """

    columns: Sequence[Column]
    graph: Graph
    made_by: Mapping[str, str]

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, threads: int = 1) -> Self:
        """Open a file; the tables stay on the disk until their rows are looked up.

        Args:
            path: The file; it must not be changed in place while it is used.
            threads: Of one call of `score`; 1 is the fastest for a list of a hundred documents.

        Raises:
            ExportedError: It is no such file.
            ImportError: onnxruntime is not installed, or xxhash, which hashed columns need.
        """
        path = Path(path)
        texts, arrays = container.read(path)
        try:
            about = json.loads(texts[ABOUT])
            if (found := about["format"]) != FORMAT:
                msg = f"{path} must be of the format {FORMAT}; got {found!r:.50}"
                raise ExportedError(msg)
            columns = _columns(about["columns"], arrays)
            graph = _graph(about, arrays, open_session(path, arrays["graph"].tobytes(), threads))
            _check_sizes(columns, graph)
            exported = cls(columns, graph, about["made_by"])
            # A document of which nothing is known: it shows that the parts fit together.
            nothing = {f"{one.side}/{name}": [None] for one in columns for name in one.names}
            exported.score(nothing, [1])
        except (ExportedError, ImportError):
            raise
        except Exception as error:  # what is in the file may be wrong in any way
            reason = f"{type(error).__name__} {error!s:.100}".splitlines()[0]
            msg = f"{path} must describe a model: {reason}"
            raise ExportedError(msg) from None
        return exported

    def score(
        self, rows: Mapping[str, Sequence[Any]], lengths: Sequence[int] | None = None
    ) -> Floats:
        """Score documents, higher is better.

        Args:
            rows: Columns of the log by name, each a sequence or an array: those of documents with
                one value per document, list after list; those of queries with one value per list,
                or one per document, of which each list's first counts. None and NaN are missing
                values; an id that the training did not see is one that nobody knows. Where both
                sides have a column of one name, ``query/NAME`` and ``document/NAME`` tell them
                apart.
            lengths: [lists], documents per list; 0 is a list without any. None: one list.

        Returns:
            [docs] float32, in the order of the rows.

        Raises:
            ExportedError: A column is missing, too short or too long, or holds something else.
        """
        return self.graph.scores(encode(self.columns, rows, self._lengths(rows, lengths)))

    def query_vectors(self, rows: Mapping[str, Sequence[Any]]) -> Floats:
        """Vectors that an index of document vectors is asked with; see ``docs/vectors.md``.

        Args:
            rows: Columns of the query by name, as of `score`: one value per query.

        Returns:
            [queries, dim] float32.

        Raises:
            ExportedError: The score of the model is no product of two vectors; or a column is
                missing, or holds something else.
        """
        own = [one for one in self.columns if one.side == "query"]
        given = (rows.get(one.key, rows.get(one.name)) for one in own)
        queries = next((len(one) for one in given if one is not None), 0)
        return self.graph.query_vectors(encode(own, rows, np.zeros(queries, np.int64)))

    def score_encoded(self, lists: Encoded) -> Floats:
        """Score lists that the model's own encoder has encoded, such as lists on disk; [docs]."""
        return self.graph.scores(lists)

    def _lengths(
        self, rows: Mapping[str, Sequence[Any]], lengths: Sequence[int] | None
    ) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        if lengths is None:
            own = (one for one in self.columns if one.side == "document")
            given = (rows.get(one.key, rows.get(one.name)) for one in own)
            lengths = [next((len(one) for one in given if one is not None), 0)]
        found = np.asarray(lengths)
        whole = found.dtype.kind in "iu" or not found.size
        if found.ndim != 1 or not whole or (found < 0).any():
            msg = f"lengths must be whole numbers of at least 0, one per list; got {lengths!r:.50}"
            raise ExportedError(msg)
        return found.astype(np.int64)


def _columns(abouts: Sequence[Mapping[str, Any]], arrays: Arrays) -> tuple[Column, ...]:
    vocabularies = {
        name.removeprefix("vocabulary/").removesuffix("/text"): Vocabulary(
            array, arrays[name.removesuffix("text") + "ends"], arrays[name[:-4] + "numbers"]
        )
        for name, array in arrays.items()
        if name.startswith("vocabulary/") and name.endswith("/text")
    }
    return tuple(_column(about, arrays, vocabularies) for about in abouts)


def _column(
    about: Mapping[str, Any], arrays: Arrays, vocabularies: Mapping[str, Vocabulary]
) -> Column:
    side, name, own = str(about["side"]), str(about["name"]), dict(about["encoding"])
    if about["kind"] == "number":
        values, levels = (arrays.get(f"knots/{side}/{name}/{part}") for part in _KNOTS)
        scale = NumberScale(values=values, levels=levels, **own)
        return Column(side, name, scale, bool(about["missing"]))
    used = own.pop("vocabulary")
    vocabulary = vocabularies[used] if used is not None else None
    many = about["kind"] == "ids"
    return Column(side, name, IdTable(many=many, vocabulary=vocabulary, **own))


def _graph(about: Mapping[str, Any], arrays: Arrays, session: Session) -> Graph:
    lookups = tuple(Lookup(**one) for one in about["lookups"])
    tables = {
        one.table: Table(
            arrays[f"table/{one.table}"],
            arrays.get(f"table/{one.table}/scale"),
            arrays.get(f"table/{one.table}/offset"),
        )
        for one in lookups
    }
    inputs = frozenset(one.name for one in session.get_inputs())
    outputs = frozenset(one.name for one in session.get_outputs())
    numbers = about["numbers"]
    return Graph(session, inputs, outputs, lookups, tables, numbers["query"], numbers["document"])


def _check_sizes(columns: Sequence[Column], graph: Graph) -> None:
    """Refuse a column whose ids lie outside of its table."""
    sizes = {one.key: one.encoding.size for one in columns if isinstance(one.encoding, IdTable)}
    for one in graph.lookups:
        rows = len(graph.tables[one.table].codes)
        if sizes[one.column] > rows:
            msg = f"{one.column} has {sizes[one.column]} ids, its table {rows} rows"
            raise ValueError(msg)
