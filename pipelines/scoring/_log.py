"""``ltr score``: a model and a log in, scores by query out, in bounded memory."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from ltr.atomic import replace_folder
from ltr.data.manifest import checksum
from ltr.training.checkpoint import WEIGHTS
from pipelines.config import Format
from pipelines.engines import open_engine
from pipelines.progress import Progress
from pipelines.scoring._model import Model
from pipelines.scoring._ranker import Ranker
from pipelines.scoring._read import RANK, SCORE, Names, Source, open_rows
from pipelines.scoring._record import LogPart, Scored, ScoredBy, ScoredPart
from pipelines.scoring._tasks import (
    SCORES,
    Context,
    Part,
    PartScored,
    Scattered,
    Stretch,
    scatter,
    score_part,
)
from pipelines.sources import LogFile, reading
from pipelines.spill.budget import FIXED, bytes_of_row, plan
from pipelines.spill.work import Work

SLICEABLE = frozenset({".parquet", ".arrow", ".ipc"})
"""Formats of which a stretch can be read without what is before it."""
SAMPLE_ROWS = 20_000
MEMORY = 2**30
LEAST_GIANT = 100_000
WORK = ".work"


def score_log(
    model: str | Path,
    log: str | Path,
    out: str | Path,
    progress: Progress,
    *,
    memory: int = MEMORY,
    keep: Sequence[str] = (),
    query: str | None = None,
    document: str | None = None,
    kind: Format | None = None,
    last_day: date | None = None,
    days: int = 1,
    most_rows: int | None = None,
) -> Scored:
    """Score every row of a log that has a query and a document, and write ``out``.

    Args:
        model: Folder of the model.
        log: A file, a folder, a glob, a Delta table or an address; ``{date}`` is the day.
        out: The folder to make, or to replace when all is done. The caller sees to it that nobody
            else writes it meanwhile.
        progress: Where to show how far it is.
        memory: Bytes that rows may take at a time, beside the process and the model.
        keep: Columns of the log to write out beside the scores.
        query: Column of the query, if it is not that of the training's log.
        document: Likewise.
        kind: The format, if the suffix does not tell it.
        last_day: Last day of the window; None: everything at ``log`` is read.
        days: Length of the window.
        most_rows: Rows of a query beyond which it is rejected; None: 100,000, or ten times as many
            as a list of the training may have.

    Returns:
        What was written as ``manifest.json``.

    Raises:
        LogError: The log cannot be read, lacks a column or holds another kind of value in it.
        ModelError: There is no model, or it gives scores that are not finite.
        EncoderError: The model's encoder is damaged.
        OSError: ``out`` cannot be written.
    """
    with progress.step("look at the log"):
        loaded = Model.load(model, query=query, document=document)
        source = Source.of(log, keep, kind, last_day, days)
        names = Names.of(loaded, source.keep)
        files = open_rows(source, names)
        rows = [file.num_rows() for file in files]
    most = most_rows or max(LEAST_GIANT, 10 * (loaded.max_documents or 0))
    with replace_folder(out) as folder:
        work = folder / WORK
        work.mkdir()
        row_bytes = _row_bytes(files, names)
        cut = plan(sum(rows), row_bytes, memory + FIXED)
        types = files[0].rows.collect_schema()
        context = Context(Ranker(loaded), names, types, cut, most, work)
        scored = _score(files, rows, context, progress)
        return _commit(folder, scored, context, [*zip(files, rows, strict=True)])


def _row_bytes(files: Sequence[LogFile], names: Names) -> float:
    with reading(files[0].path):
        sample = files[0].rows.head(SAMPLE_ROWS).collect()
    # What is kept is not numbered: its texts take their own length.
    return bytes_of_row(sample.rename({name: f"log/{name}" for name in names.keep}))


def _score(
    files: Sequence[LogFile], rows: Sequence[int], context: Context, progress: Progress
) -> list[PartScored]:
    with open_engine("local") as engine:
        work = Work(context.work, engine, progress)
        work.map("read", scatter, _stretches(files, rows, context), Scattered)
        parts = [Part(context, number) for number in range(context.plan.partitions)]
        return work.map("score", score_part, parts, PartScored)


def _stretches(files: Sequence[LogFile], rows: Sequence[int], context: Context) -> list[Stretch]:
    """Cut the files into what is read at a time; one without rows leaves its columns."""
    first, tasks = 0, []
    for file, count in zip(files, rows, strict=True):
        size = context.plan.piece_rows if file.path.suffix in SLICEABLE else max(count, 1)
        for start in range(0, max(count, 1), size):
            part = replace(file, rows=file.rows.slice(start, size)) if size < count else file
            tasks.append(Stretch(context, part, first + start))
        first += count
    return tasks


def _commit(
    folder: Path,
    done: Sequence[PartScored],
    context: Context,
    files: Sequence[tuple[LogFile, int]],
) -> Scored:
    """Bring together what the tasks left, and write the manifest."""
    (folder / "rejects").mkdir()
    parts: list[ScoredPart] = []
    rejected: Counter[str] = Counter()
    for number, one in enumerate(done):
        left = context.work / "score" / f"{number:05}"
        rejected.update(one.rejected)
        for place, path in enumerate(sorted(left.glob("rejects-*.parquet"))):
            path.rename(folder / "rejects" / f"{number:05}-{place:05}.parquet")
        if one.rows or number == 0:  # a folder without rows has its columns all the same
            file = f"part-{len(parts):05}.parquet"
            (left / SCORES).rename(folder / file)
            parts.append(ScoredPart(file=file, queries=one.queries, rows=one.rows))
    shutil.rmtree(context.work)
    model, names = context.ranker.model, context.names
    scored = Scored(
        model=ScoredBy(
            folder=str(model.folder),
            weights=checksum(model.folder / WEIGHTS),
            encoder=model.card.encoder,
        ),
        log=tuple(LogPart(path=str(file.path), rows=rows) for file, rows in files),
        columns=(names.query, names.document, SCORE, RANK, *names.keep),
        read=sum(rows for _, rows in files),
        rows=sum(one.rows for one in done),
        queries=sum(one.queries for one in done),
        rejected=dict(sorted(rejected.items(), key=lambda item: (-item[1], item[0]))),
        parts=tuple(parts),
    )
    scored.save(folder)
    return scored
