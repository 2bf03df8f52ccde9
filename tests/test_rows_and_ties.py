"""Lists as groups of padded rows, and ranks that ties share."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ltr.lists import Ragged, arrange, tied_ranks


@given(st.lists(st.integers(0, 9), max_size=8), st.sampled_from([1, 20, 1000]))
@settings(max_examples=50, deadline=None)
def test_rows_hold_every_document_once_and_a_list_whole(lengths, room):
    docs = arrange(
        torch.arange(float(sum(lengths))),
        torch.zeros(sum(lengths)),
        lengths=torch.tensor(lengths, dtype=torch.int64),
    )
    out, seen = torch.full((sum(lengths) + 1,), -1.0), []
    for rows in docs.lists.groups(room):
        assert rows.rows * rows.width**2 <= room or rows.rows == 1
        taken = rows.take(docs.scores, fill=-5.0)
        assert rows.mask is not None
        assert taken[~rows.mask].eq(-5.0).all()
        seen += [row[mask].tolist() for row, mask in zip(taken, rows.mask, strict=True)]
        rows.put(taken, out)
    assert out[:-1].tolist() == docs.scores.tolist()
    parts = docs.scores.split(lengths) if lengths else []
    assert sorted(part for part in seen if part) == sorted(
        part.tolist() for part in parts if len(part)
    )


def test_padded_lists_are_rows_as_they_are():
    scores = torch.arange(24.0).view(2, 3, 4)
    mask = scores != 7
    docs = arrange(scores, scores, mask=mask)
    groups = docs.lists.groups(room=4 * 16)
    assert [(rows.rows, rows.width) for rows in groups] == [(4, 4), (2, 4)]
    taken = torch.cat([rows.take(docs.scores, fill=-1.0) for rows in groups])
    assert taken.tolist() == torch.where(mask, scores, -1.0).view(6, 4).tolist()


def test_lengths_that_cannot_be_read_make_one_row_with_the_numbers_of_lists(monkeypatch):
    monkeypatch.setattr(Ragged, "_can_read", False)
    (rows,) = Ragged(torch.tensor([2, 0, 1]), 3).groups(room=1)
    assert (rows.rows, rows.width) == (1, 3)
    assert rows.ids is not None
    assert rows.ids.tolist() == [[0, 0, 2]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tied_documents_share_their_best_and_their_worst_rank(dtype):
    scores = torch.tensor([0.5, 2.0, 0.5, 0.0, -0.0, 9.0], dtype=dtype)
    ragged = arrange(scores, scores, lengths=torch.tensor([3, 0, 3]))
    best, worst = tied_ranks(ragged.lists, ragged.scores)
    assert best.tolist() == [2, 1, 2, 2, 2, 1]
    assert worst.tolist() == [3, 1, 3, 3, 3, 1]
    mask = torch.tensor([[True, False, True, True], [True, True, True, False]])
    rows = torch.full((2, 4), 0.5, dtype=dtype)
    rows[mask] = scores
    padded = arrange(rows, rows, mask=mask)
    best, worst = tied_ranks(padded.lists, padded.scores)
    assert best[mask].tolist() == [2, 1, 2, 2, 2, 1]
    assert worst[mask].tolist() == [3, 1, 3, 3, 3, 1]
