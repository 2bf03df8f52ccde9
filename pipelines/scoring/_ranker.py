"""Ranker: scores of the rows of a frame, by a model and its encoder."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from torch import Tensor

from ltr.data.batch import RankingBatch
from ltr.data.columns import Column
from ltr.data.manifest import Side
from ltr.data.ungraded import ungraded_batch
from ltr.training import ModelError
from pipelines.scoring._cut import cut
from pipelines.scoring._encoded import encode
from pipelines.scoring._lists import Places, RowsOfLists
from pipelines.scoring._model import Model
from pipelines.stages.columns import Columns

Floats = npt.NDArray[np.float32]

DOCUMENTS_PER_BATCH = 16_384
"""What a model is given at a time: more of them would only leave the processor's cache."""


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
        lists = RowsOfLists.of(self._queries(frame))
        return lists, self._scores(frame, lists)

    def _queries(self, frame: pl.DataFrame) -> pl.Series:
        columns = Columns(frame.schema, "the frame")
        return frame.select(columns.id(self.query, "the query")).to_series()

    def _scores(self, frame: pl.DataFrame, lists: RowsOfLists) -> Floats:
        """The scores of the rows of all lists, list after list."""
        columns = encode(self.model.encoder, frame, self.query, self.model.card.features)
        scores = np.zeros(len(lists.rows), np.float32)
        # Not inference_mode: a model that is plugged in may not expect it.
        with torch.no_grad():
            for batch, places in self._batches(columns, lists):
                scores[places] = self.model.module(batch).float().numpy()
        if not np.isfinite(scores).all():
            bad = np.flatnonzero(~np.isfinite(scores))
            found = f"{scores[bad[0]]} for {len(bad):,} of {len(scores):,} rows"
            msg = f"{self.model.folder}: a model must give finite scores; got {found}"
            raise ModelError(msg)
        return scores

    def _batches(
        self, columns: Mapping[str, Column], lists: RowsOfLists
    ) -> Iterator[tuple[RankingBatch, Places]]:
        """Batches, and where in the order of the lists their documents are."""
        for part in cut(lists.lengths, DOCUMENTS_PER_BATCH, pads=self.model.pads):
            places = lists.places(part)
            rows: dict[Side, Tensor] = {
                "query": torch.from_numpy(lists.firsts[part]),
                "document": torch.from_numpy(lists.rows[places]),
            }
            lengths = torch.from_numpy(lists.lengths[part])
            yield ungraded_batch(self.model.card.features, columns, rows, lengths), places
