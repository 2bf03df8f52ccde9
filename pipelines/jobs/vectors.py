"""``ltr vectors``: a two-tower model and lists in, vectors for an index of neighbours out."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from ltr.atomic import replace_file
from ltr.data.manifest import Manifest, SplitName, checksum
from ltr.data.reader import Lists
from ltr.towers import Ranker
from ltr.training import ModelCard, ModelError, load_ranker
from ltr.training.checkpoint import WEIGHTS
from ltr.training.vectors import document_vectors, query_vectors
from pipelines.contracts import PARTS
from pipelines.errors import JobError
from pipelines.progress import Progress, Step

_SHOWN: Final = pl.Schema(
    {"document_id": pl.String, "time": pl.Int64, "part": pl.Int8, "row": pl.Int64}
)
"""A document, when it was shown, and where it lies: in which part, as which row of its files."""


@dataclass(frozen=True, slots=True)
class VectorsJob:
    """What to write.

    Attributes:
        model: Folder of the model.
        lists: Folder of lists that the same encoder made.
        parts: Which of them.
        out: The file of the documents' vectors.
        queries: The file of the queries' vectors; None for none.
    """

    model: Path
    lists: Path
    parts: tuple[SplitName, ...]
    out: Path
    queries: Path | None = None


def run(job: VectorsJob, progress: Progress) -> str:
    """Write the vectors and say what was written.

    A document has one row: as it was shown last. In memory at once are the ids of the distinct
    documents, one shard of lists and one batch.

    Raises:
        ModelError: There is no model, its score is no product of two vectors, or the lists are not
            encoded as those of its training.
        ListsError: There are no lists, or they are not as their manifest says.
        JobError: The name of a file does not say which format it is to have.
    """
    for path in filter(None, (job.out, job.queries)):
        _writer(path)
    # Versions of the folders: a run may replace them meanwhile.
    model, folder = job.model.resolve(), job.lists.resolve()
    card, manifest = ModelCard.load(model), Manifest.load(folder)
    card.check_lists(manifest)
    ranker = _two_towers(model, card)
    with progress.step("documents") as step:
        shown = last_shown(folder, manifest, job.parts)
        about = _about(model, card, "document_id")
        count = _write(job.out, about, _documents(ranker, folder, job.parts, shown), step)
    lines = [f"wrote {job.out}", f"{count:,} documents of {about.dim} numbers"]
    if job.queries is not None:
        with progress.step("queries") as step:
            about = _about(model, card, "query_id")
            count = _write(job.queries, about, _queries(ranker, folder, manifest, job.parts), step)
        lines += [f"wrote {job.queries}", f"{count:,} queries"]
    return "\n".join(lines)


def last_shown(folder: Path, manifest: Manifest, parts: Sequence[SplitName]) -> pl.DataFrame:
    """Find where each document was shown last: by time, then by its place in the files."""
    kept, waiting = _SHOWN.to_frame(), list[pl.DataFrame]()
    for shown in _shown(folder, manifest, parts):
        waiting.append(_latest([shown]))
        # Not after every shard: each time all that is known is gone through.
        if sum(map(len, waiting)) > len(kept):
            kept, waiting = _latest([kept, *waiting]), []
    return _latest([kept, *waiting]).sort("part", "row")


def _shown(folder: Path, manifest: Manifest, parts: Sequence[SplitName]) -> Iterator[pl.DataFrame]:
    """Each shard's documents."""
    for part in parts:
        start = 0
        for shard in manifest.splits[part].shards:
            lists = pl.scan_ipc(folder / shard.file, glob=False).select(
                "document_id",
                pl.col("time").cast(pl.Int64),
                pl.lit(PARTS.index(part), pl.Int8).alias("part"),
            )
            rows = lists.explode("document_id").with_columns(
                pl.int_range(start, start + shard.documents, dtype=pl.Int64).alias("row")
            )
            yield rows.collect().cast(_SHOWN)
            start += shard.documents


def _latest(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    together = pl.concat(frames).sort("time", "part", "row")
    return together.unique("document_id", keep="last")


@dataclass(frozen=True, slots=True)
class _About:
    """The schema of a file, and what made it."""

    key: str
    dim: int
    made_by: dict[str, str]

    @property
    def schema(self) -> pa.Schema:
        fields = [(self.key, pa.string()), ("vector", pa.list_(pa.float32(), self.dim))]
        return pa.schema(fields, metadata={"ltr": json.dumps(self.made_by)})


def _about(model: Path, card: ModelCard, key: str) -> _About:
    made_by = {"weights": checksum(model / WEIGHTS), "encoder": card.encoder, "score": "q . d"}
    return _About(key, card.recipe.towers.document[-1], made_by)


def _two_towers(folder: Path, card: ModelCard) -> Ranker:
    towers = card.recipe.towers
    kind = towers.interaction if towers.name == "two_towers" else towers.name
    if kind != "dot":
        rule = "vectors find documents only where the score is their product"
        msg = f'{folder}: {rule}: towers.interaction must be "dot"; got {kind!r}'
        raise ModelError(msg)
    ranker = load_ranker(folder).to(_device())
    assert isinstance(ranker, Ranker)
    return ranker


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _documents(
    ranker: Ranker, folder: Path, parts: Sequence[SplitName], shown: pl.DataFrame
) -> Iterator[tuple[pl.Series, Tensor]]:
    for part in parts:
        here = shown.filter(pl.col("part") == PARTS.index(part))
        rows, start = torch.from_numpy(here["row"].to_numpy().copy()), 0
        if not len(rows):
            continue
        for vectors in document_vectors(ranker, Lists(folder, part), rows, device=_device()):
            yield here["document_id"].slice(start, len(vectors)), vectors
            start += len(vectors)


def _queries(
    ranker: Ranker, folder: Path, manifest: Manifest, parts: Sequence[SplitName]
) -> Iterator[tuple[pl.Series, Tensor]]:
    for part in parts:
        files = [folder / shard.file for shard in manifest.splits[part].shards]
        if not files:
            continue
        ids = pl.scan_ipc(files, glob=False).select("query_id").collect().to_series()
        start = 0
        for vectors in query_vectors(ranker, Lists(folder, part), device=_device()):
            yield ids.slice(start, len(vectors)), vectors
            start += len(vectors)


def _write(path: Path, about: _About, rows: Iterator[tuple[pl.Series, Tensor]], step: Step) -> int:
    """Write ids and vectors, a row group or record batch per batch; return how many."""
    count = 0
    with replace_file(path) as file, _writer(path)(file, about.schema) as writer:
        for ids, vectors in rows:
            flat = pa.array(vectors.reshape(-1).numpy())
            column = pa.FixedSizeListArray.from_arrays(flat, about.dim)
            texts = ids.to_arrow().cast(pa.string())
            writer.write_batch(pa.record_batch([texts, column], schema=about.schema))
            count += len(ids)
            step.advance()
    return count


def _writer(path: Path) -> Callable[[Path, pa.Schema], Any]:
    """What writes the format that the file's name asks for.

    Raises:
        JobError: It asks for none.
    """
    if path.suffix == ".parquet":
        return pq.ParquetWriter  # type: ignore[no-any-return]
    if path.suffix in (".arrow", ".ipc", ".feather"):
        return pa.ipc.new_file  # type: ignore[no-any-return]
    msg = f"a file of vectors must end in .parquet, or for Arrow IPC in .arrow; got {path}"
    raise JobError(msg)
