"""Ranker: scores of the rows of a frame, by a model and its encoder."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import torch

from ltr.data.batcher import BatchSize
from ltr.data.ungraded import Rows, ungraded_batch
from ltr.towers import folded
from ltr.training import ModelError
from pipelines.scoring._cut import cut, documents_per_batch
from pipelines.scoring._encoded import Encoding
from pipelines.scoring._lists import Lot, RowsOfLists
from pipelines.scoring._model import Model

Floats = npt.NDArray[np.float32]

DOCUMENTS_AT_A_TIME = 131_072
"""What is encoded at a time: bounds the memory beside the frame."""


class Ranker:
    """A model that scores rows of a log under the log's own column names.

    Nothing of it changes while it scores: any number of threads may share one.

    Args:
        model: What was read of its folder.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.query = model.query
        """The column that tells lists apart."""
        self.encoding = Encoding.of(model.encoder)
        self.documents_per_batch = documents_per_batch(model.module)
        """What the model is given at a time."""
        self._module = folded(model.module)
        self._names = list(model.features)
        self._checked: pl.Schema | None = None

    @classmethod
    def load(cls, folder: str | Path, *, query: str | None = None) -> "Ranker":
        """Read a model's folder, as `ltr train` writes it, or that of its run.

        Args:
            folder: Of the model; a link such as ``models/champion`` is followed once, here.
            query: The column that tells lists apart, if it is not that of the training's log.

        Raises:
            ModelError: The folder holds no model, or one without its encoder, or nothing says which
                column tells lists apart.
            EncoderError: The model's encoder is damaged.

        Example:
            The documents of some requests, best first::

                ranker = Ranker.load("models/champion")
                ranked = frame.with_columns(score=ranker.score(frame)).sort(
                    "request_id", "score", descending=[False, True]
                )
        """
        return cls(Model.load(folder, query=query))

    def score(self, frame: pl.DataFrame) -> pl.Series:
        """Score every row; higher is better, within the rows of one query.

        Args:
            frame: Rows of any number of queries in any order, with the column of the query and the
                columns of the model's features as the training's log had them. All rows of a query
                must be in the frame. What is unseen or null is encoded as ``docs/scoring.md`` says.

        Returns:
            ``score``, Float32, in the order of the rows; null where the query is null.

        Raises:
            LogError: A column is missing, or holds another kind of value.
            ModelError: A score is not finite.
        """
        lists, found = self.scored_lists(frame)
        if lists.is_whole:
            return pl.Series("score", found)
        scores = np.zeros(frame.height, np.float32)
        scores[lists.rows] = found
        has_score = np.zeros(frame.height, np.bool_)
        has_score[lists.rows] = True
        whole = pl.Series("score", scores)
        return whole if has_score.all() else whole.set(pl.Series(~has_score), None)

    def scored_lists(self, frame: pl.DataFrame) -> tuple[RowsOfLists, Floats]:
        """The rows of each list of a frame, and the scores of these rows; see ``score``."""
        schema = frame.schema
        # Frames mostly look like the one before: of many threads, any may have set it.
        if schema != self._checked:
            self.model.encoder.from_log(frame.lazy(), self.query).collect_schema()
            self._checked = schema
        lists = RowsOfLists.of(frame[self.query])
        return lists, self._scores(frame, lists)

    def _scores(self, frame: pl.DataFrame, lists: RowsOfLists) -> Floats:
        """The scores of the rows of all lists, list after list."""
        scores = np.empty(len(lists.rows), np.float32)
        cuts = BatchSize(documents=DOCUMENTS_AT_A_TIME).cut(torch.from_numpy(lists.lengths))
        for first, end in pairwise(cuts):
            part = lists.part(first, end)
            start = int(lists.starts[first])
            rows = (
                frame.slice(start, len(part.rows))
                if lists.is_whole
                else frame.select(self._names)[part.rows]
            )
            scores[start : start + len(part.rows)] = self._scores_together(rows, part)
        if not np.isfinite(scores).all():
            bad = np.flatnonzero(~np.isfinite(scores))
            found = f"{scores[bad[0]]} for {len(bad):,} of {len(scores):,} rows"
            msg = f"{self.model.folder}: a model must give finite scores; got {found}"
            raise ModelError(msg)
        return scores

    def _scores_together(self, rows: pl.DataFrame, lists: RowsOfLists) -> Floats:
        """The scores of lists that stand one after another."""
        columns = self.encoding.encode(rows, lists)
        scores = np.empty(rows.height, np.float32)
        # Not inference_mode: a model that is plugged in may not expect it.
        with torch.no_grad():
            for part in cut(lists.lengths, self.documents_per_batch, pads=self.model.pads):
                places = lists.places(part)
                batch = ungraded_batch(
                    self.model.card.features,
                    columns,
                    {"query": _rows(part), "document": _rows(places)},
                    torch.from_numpy(lists.lengths[part]),
                )
                scores[places] = self._module(batch).float().numpy()
        return scores


def _rows(places: Lot) -> Rows:
    return places if isinstance(places, slice) else torch.from_numpy(places)
