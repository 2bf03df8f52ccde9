"""From a ranker's scores to what the gate asks about it."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from ltr.data.reader import Lists
from ltr.recipe import LossConfig
from pipelines.encoder import Encoder
from pipelines.gate.calibration import calibration_of
from pipelines.gate.evidence import Ranked
from pipelines.held_out import query_values
from pipelines.table.slices import by_value


def ranked(
    name: str, scores: Tensor, values: Tensor | None, lists: Lists, loss: LossConfig | None
) -> Ranked:
    """Measure one ranker on held-out lists.

    Args:
        name: As the report calls it.
        scores: Float ``[docs]``, in the order of ``lists``; need not be finite.
        values: Float ``[lists]``, the headline metric, NaN where undefined. None if it could not be
            computed because scores are not finite.
        lists: The lists that were scored.
        loss: What the model was trained by; None for a ranker that was not trained.

    Raises:
        ValueError: The scores, or the values, are of other lists.
    """
    lengths = lists.lengths
    counts = int(lengths.sum()), len(lengths)
    given = len(scores), counts[1] if values is None else len(values)
    if given != counts:
        msg = f"{name}: needs {counts[0]} scores and {counts[1]} values; got {given[0]}, {given[1]}"
        raise ValueError(msg)
    bad = int((~scores.isfinite()).sum())
    known = torch.full((counts[1],), torch.nan) if values is None or bad else values
    orderable = lengths > 1
    return Ranked(
        name=name,
        values=np.asarray(known.detach().double().cpu().numpy(), np.float64),
        documents=counts[0],
        not_finite=bad,
        orderable=int(orderable.sum()),
        constant=int((_spreads(scores.detach().cpu(), lengths) == 0)[orderable].sum()),
        calibration=calibration_of(scores, lists, loss),
    )


def slice_words(lists: Lists, columns: Iterable[str]) -> dict[str, list[str]]:
    """Say whose each list is, in the words of the log: a word per list, by column.

    A column of more than 20 values is cut as the report does it: numbers into fifths, ids into the
    most frequent and others.

    Args:
        lists: The lists that were scored.
        columns: Names of ids or numbers of the query.
    """
    shards = [lists.folder / one.file for one in lists.manifest.splits[lists.split].shards]
    values = query_values(shards, Encoder.load(lists.folder / "encoder"), columns)
    return {name: by_value(column).to_list() for name, column in values.items()}


def _spreads(scores: Tensor, lengths: Tensor) -> Tensor:
    """Highest minus lowest score of each list; NaN where one is no number."""
    if not len(lengths):  # segment_reduce wants a document
        return scores.new_zeros(0)
    highest = torch.segment_reduce(scores.double(), "max", lengths=lengths)
    lowest = torch.segment_reduce(scores.double(), "min", lengths=lengths)
    return highest - lowest
