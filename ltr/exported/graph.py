"""The traced layers of a model, run by onnxruntime, and what they read of the lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ltr.exported.columns import Encoded
from ltr.exported.errors import ExportedError
from ltr.exported.tables import Floats, Integers, Table, pooled


class Named(Protocol):
    """An input of a session."""

    name: str


class Session(Protocol):
    """What is used of onnxruntime's session."""

    def get_inputs(self) -> Sequence[Named]:
        """What the graph reads."""

    def get_outputs(self) -> Sequence[Named]:
        """What the graph gives."""

    def run(
        self, outputs: Sequence[str], feed: Mapping[str, NDArray[Any]]
    ) -> Sequence[NDArray[Any]]:
        """Some of what the graph gives."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """An input of the graph: the vectors of one column's ids, pooled."""

    input: str
    column: str
    table: str
    mean: bool
    weighted: bool = False
    """Whether the ids have weights."""


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Encoded lists in, scores out.

    Attributes:
        session: Of onnxruntime.
        inputs: Names of what it reads.
        outputs: Names of what it gives.
        lookups: Vectors that it reads.
        tables: By name.
        query_numbers: Columns of the input ``query_dense``, in order.
        document_numbers: Columns of the input ``document_dense``, in order.
    """

    session: Session
    inputs: frozenset[str]
    outputs: frozenset[str]
    lookups: Sequence[Lookup]
    tables: Mapping[str, Table]
    query_numbers: Sequence[str]
    document_numbers: Sequence[str]

    def scores(self, lists: Encoded) -> Floats:
        """The scores of all documents; [docs]."""
        docs = int(lists.lengths.sum())
        if not docs:
            return np.zeros(0, np.float32)
        feed = self.feed(lists)
        scores = self._run("scores", feed)
        if not np.isfinite(scores).all():
            bad = scores[~np.isfinite(scores)]
            msg = f"scores must be finite; got {bad[0]} for {len(bad):,} of {docs:,} documents"
            raise ExportedError(msg)
        return scores

    def query_vectors(self, queries: Encoded) -> Floats:
        """The vectors of queries, of which the documents are left out; [lists, dim].

        Raises:
            ExportedError: The score of the model is no product of two vectors.
        """
        if "query_vectors" not in self.outputs:
            msg = "queries have vectors only where the score is a product (interaction dot)"
            raise ExportedError(msg)
        numbers = {name: np.zeros(0, np.float32) for name in self.document_numbers}
        nothing = np.zeros(0, np.int64), None
        others = [one.column for one in self.lookups if one.column not in queries.ids]
        whole = Encoded(
            queries.lengths,
            numbers={**numbers, **queries.numbers},
            ids={**dict.fromkeys(others, nothing), **queries.ids},
            weights={**dict.fromkeys(others, np.zeros(0, np.float32)), **queries.weights},
        )
        return self._run("query_vectors", self.feed(whole))

    def _run(self, output: str, feed: Mapping[str, NDArray[Any]]) -> Floats:
        found = self.session.run([output], {name: feed[name] for name in self.inputs})
        return np.asarray(found[0], np.float32)

    def feed(self, lists: Encoded) -> dict[str, NDArray[Any]]:
        """All that a graph may read of lists, by the names of its inputs."""
        feed = dict(self._vectors(lists)) | self._places(lists.lengths)
        feed["query_dense"] = _side_by_side(lists, self.query_numbers, len(lists.lengths))
        docs = int(lists.lengths.sum())
        feed["document_dense"] = _side_by_side(lists, self.document_numbers, docs)
        return feed

    def _vectors(self, lists: Encoded) -> list[tuple[str, NDArray[Any]]]:
        vectors = []
        for one in self.lookups:
            weights = lists.weights[one.column] if one.weighted else None
            ids, lengths = lists.ids[one.column]
            found = pooled(self.tables[one.table], ids, lengths, weights, mean=one.mean)
            vectors.append((one.input, found))
        return vectors

    def _places(self, lengths: Integers) -> dict[str, NDArray[Any]]:
        """Which list each document is of; and for attention where it lies in the padded lists."""
        owner = np.repeat(np.arange(len(lengths)), lengths)
        places: dict[str, NDArray[Any]] = {"lengths": lengths, "owner": owner}
        if "padded" not in self.inputs:
            return places
        starts, longest = np.cumsum(lengths) - lengths, int(lengths.max())
        within = np.arange(longest)
        real = within < lengths[:, None]
        padded = np.where(real, starts[:, None] + within, 0)
        # A list without a document must attend to something: nobody reads what comes of it.
        real[lengths == 0, 0] = True
        place = owner * longest + np.arange(len(owner)) - starts[owner]
        return places | {"padded": padded, "real": real, "place": place}


def open_session(path: Path, graph: bytes, threads: int) -> Session:
    """Make onnxruntime ready to run a graph.

    Raises:
        ExportedError: It cannot.
    """
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        # From memory, not from a path: a graph then cannot name other files to be read.
        session: Session = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )
        return session
    except Exception as error:  # onnxruntime's errors have no common base below this
        reason = str(error).splitlines()[0]
        msg = f"{path} must hold a graph that onnxruntime can run: {reason:.200}"
        raise ExportedError(msg) from None


def _side_by_side(lists: Encoded, columns: Sequence[str], rows: int) -> Floats:
    if not columns:
        return np.zeros((rows, 0), np.float32)
    return np.stack([lists.numbers[column] for column in columns], axis=1)
