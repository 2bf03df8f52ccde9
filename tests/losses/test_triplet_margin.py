from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from ltr.losses import triplet_margin

LINE = torch.tensor([[0.0], [1.0], [1.5], [9.0], [20.0]])
CLASSES = torch.tensor([0, 0, 1, 1, 2])


def test_all_triplets_written_out():
    values = triplet_margin(LINE, CLASSES, reduction="none")
    # The last embedding has no positive.
    expected = [
        ((1 - 1.5 + 1) + 0 + 0) / 3,
        ((1 - 0.5 + 1) + 0 + 0) / 3,
        ((7.5 - 1.5 + 1) + (7.5 - 0.5 + 1) + 0) / 3,
        (0 + (7.5 - 8 + 1) + 0) / 3,
        0.0,
    ]
    assert values.tolist() == pytest.approx(expected)
    assert triplet_margin(LINE, CLASSES).item() == pytest.approx(sum(expected) / 4)
    assert triplet_margin(LINE, CLASSES, reduction="sum").item() == pytest.approx(sum(expected))
    wide = triplet_margin(LINE[:3], CLASSES[:3], margin=2.0, reduction="none")
    assert wide.tolist() == pytest.approx([1 - 1.5 + 2, 1 - 0.5 + 2, 0.0])
    squared = triplet_margin(LINE[:3], CLASSES[:3], squared=True, reduction="none")
    assert squared.tolist() == pytest.approx([0.0, 1 - 0.5**2 + 1, 0.0])


def test_the_hardest_triplet_written_out():
    values = triplet_margin(LINE, CLASSES, mining="hard", reduction="none")
    expected = [1 - 1.5 + 1, 1 - 0.5 + 1, 7.5 - 0.5 + 1, 7.5 - 8 + 1, 0.0]
    assert values.tolist() == pytest.approx(expected)


def test_a_semi_hard_negative_is_the_nearest_beyond_the_positive():
    values = triplet_margin(LINE, CLASSES, mining="semi_hard", reduction="none")
    # The second passes by the embedding at 1.5, which is nearer than its positive.
    expected = [1 - 1.5 + 1, 0.0, 0.0, 7.5 - 8 + 1, 0.0]
    assert values.tolist() == pytest.approx(expected)


def test_a_negative_as_near_as_the_positive_is_not_beyond_it():
    embeddings, classes = torch.tensor([[0.0], [1.0], [-1.0], [2.0]]), torch.tensor([0, 0, 1, 2])
    values = triplet_margin(embeddings, classes, mining="semi_hard", reduction="none")
    assert values.tolist() == pytest.approx([1 - 2 + 1, 1 - 2 + 1, 0.0, 0.0])


def test_where_no_negative_is_beyond_the_positive_the_farthest_is_taken():
    embeddings, classes = torch.tensor([[0.0], [5.0], [1.0], [2.0]]), torch.tensor([0, 0, 1, 2])
    values = triplet_margin(embeddings, classes, mining="semi_hard", reduction="none")
    assert values.tolist() == pytest.approx([5 - 2 + 1, 5 - 4 + 1, 0.0, 0.0])


def by_loops(embeddings, classes, mining, margin):
    """Each anchor's value, from torch's own loss over one triplet at a time."""
    loss = torch.nn.TripletMarginLoss(margin=margin, eps=0.0, reduction="sum")
    values = []
    for anchor in range(len(classes)):
        distance = (embeddings - embeddings[anchor]).norm(dim=-1).tolist()
        same = [i for i in range(len(classes)) if classes[i] == classes[anchor] and i != anchor]
        other = [i for i in range(len(classes)) if classes[i] != classes[anchor]]
        triplets = mined(mining, same, other, distance.__getitem__) if other and same else []
        losses = [loss(embeddings[anchor], embeddings[p], embeddings[n]) for p, n in triplets]
        values.append(torch.stack(losses).mean() if losses else embeddings.sum() * 0)
    return torch.stack(values)


def mined(mining, same, other, distance):
    """The pairs of a positive and a negative of one anchor."""
    if mining == "all":
        return list(product(same, other))
    if mining == "hard":
        return [(max(same, key=distance), min(other, key=distance))]
    beyond = {p: [n for n in other if distance(n) > distance(p)] for p in same}
    farthest = max(other, key=distance)
    return [(p, min(far, key=distance) if far else farthest) for p, far in beyond.items()]


@pytest.mark.parametrize("mining", ["all", "hard", "semi_hard"])
@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=9),
    st.integers(0, 2**31),
    st.sampled_from([1.0, 0.2, 3.0]),
)
@settings(max_examples=25, deadline=None)
def test_value_and_gradient_are_those_of_torch_over_the_triplets(mining, classes, seed, margin):
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(len(classes), 3, generator=generator, dtype=torch.float64)
    labels = torch.tensor(classes)
    mine, peer = embeddings.clone().requires_grad_(), embeddings.clone().requires_grad_()
    values = triplet_margin(mine, labels, mining=mining, margin=margin, reduction="none")
    expected = by_loops(peer, labels, mining, margin)
    assert_close(values, expected)
    values.sum().backward(), expected.sum().backward()
    assert_close(mine.grad, peer.grad)


def test_distances_of_near_neighbours_keep_their_digits():
    # By products in float32 this distance would be 0.
    near = torch.tensor([[100.0], [100.001], [0.0]])
    value = triplet_margin(near, torch.tensor([0, 1, 0]), mining="hard", margin=0.0)
    assert value.item() == pytest.approx(((100 - 0.001) + 0) / 2, rel=1e-6)


def test_a_thousand_embeddings_do_not_need_a_billion_triplets():
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(1000, 16, generator=generator)
    classes = torch.randint(0, 10, (1000,), generator=generator)
    values = triplet_margin(embeddings, classes, reduction="none")
    # They are summed in tiles of anchors: one of the last, over its own triplets.
    distance = (embeddings - embeddings[990]).norm(dim=-1)
    same = (classes == classes[990]) & (torch.arange(1000) != 990)
    hinges = (distance[same, None] - distance[classes != classes[990]] + 1).relu()
    assert_close(values[990], hinges.mean())


def test_a_nan_that_is_nobodys_nearest_negative_is_not_lost():
    embeddings = torch.tensor([[0.0], [1.0], [5.0], [6.0], [torch.nan]])
    classes = torch.tensor([0, 0, 1, 1, 2])
    assert triplet_margin(embeddings, classes, mining="semi_hard").isnan()


def test_an_unknown_mining_is_named():
    with pytest.raises(ValueError, match=r"mining must be one of .*'semi_hard'.*; got 'easy'"):
        triplet_margin(LINE, CLASSES, mining="easy")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("embeddings", "classes", "match"),
    [
        (LINE, CLASSES[:, None], r"classes must have .*, \[5\]; got \[5, 1\]"),
        (LINE[None], CLASSES[None], r"embeddings must be \[docs, dim\]; got \[1, 5, 1\]"),
        (LINE[:, 0], CLASSES, r"embeddings must be \[..., dim\], a row for each; got shape \[5\]"),
    ],
)
def test_inputs_that_do_not_fit_are_named(embeddings, classes, match):
    with pytest.raises(ValueError, match=match):
        triplet_margin(embeddings, classes)
