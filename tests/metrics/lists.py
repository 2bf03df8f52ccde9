"""Lists of documents for tests, with ties, blank lists and single documents among them."""

import torch
from hypothesis import strategies as st

few_scores = st.sampled_from([-1.0, 0.0, 0.5, 2.0])
documents = st.tuples(few_scores, st.integers(0, 4))
one_list = st.lists(documents, min_size=1, max_size=6)
lists_of_documents = st.lists(st.lists(documents, max_size=6), min_size=1, max_size=5)


def columns(lists):
    """Scores, labels and lengths of lists of (score, grade)."""
    flat = [document for one in lists for document in one]
    scores = torch.tensor([score for score, _ in flat], dtype=torch.float64)
    labels = torch.tensor([grade for _, grade in flat], dtype=torch.int64)
    return scores, labels, torch.tensor([len(one) for one in lists])


def pad(flat, lengths, fill):
    """``flat`` as rows with padding in front, and the mask of the real documents."""
    width = int(lengths.max()) + 1
    mask = torch.arange(width) >= width - lengths[:, None]
    rows = torch.full(mask.shape, fill, dtype=flat.dtype)
    rows[mask] = flat
    return rows, mask


def random_lists(num_lists, *, longest=12, levels=5, grades=5, seed=0):
    """Ragged lists: scores in few levels, so with ties; a third blank or of one document."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, longest + 1, (num_lists,), generator=generator)
    lengths[::6] = 1
    docs = int(lengths.sum())
    scores = torch.randint(levels, (docs,), generator=generator).double() / levels
    labels = torch.randint(grades, (docs,), generator=generator)
    blank = torch.arange(num_lists) % 6 == 1
    return scores, labels.masked_fill(blank.repeat_interleave(lengths), 0), lengths
