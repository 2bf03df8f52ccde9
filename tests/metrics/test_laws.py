"""What holds for every metric in ``ltr.metrics``: a new one joins by being in the catalogue."""

import math
from types import FunctionType

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

import ltr.metrics
from ltr.metrics import catalogue
from tests.metrics.lists import columns, lists_of_documents, pad, random_lists

NAMES = list(catalogue)
HELPERS = {"calibration_sums", "preset", "regroup"}
every_metric = pytest.mark.parametrize("name", NAMES)
with_k = pytest.mark.parametrize("name", [n for n in NAMES if catalogue[n].takes("k")])
with_weights = pytest.mark.parametrize("name", [n for n in NAMES if catalogue[n].takes("weights")])
with_list_weights = pytest.mark.parametrize(
    "name", [n for n in NAMES if catalogue[n].takes("list_weights")]
)


def close(found, expected, atol=1e-12):
    assert_close(found, expected, rtol=0, atol=atol, equal_nan=True)


def call(name, scores, labels, **arguments):
    """The metric, at three k where it takes k, of probabilities where it needs them."""
    if name == "calibration_error":
        scores = (scores + 1) / 3
    if catalogue[name].takes("k"):
        arguments = {"k": [1, 3, None], **arguments}
    arguments = {key: x for key, x in arguments.items() if catalogue[name].takes(key)}
    return catalogue[name].function(scores, labels, **arguments)


def per_list(name, scores, labels, **arguments):
    return call(name, scores, labels, reduction="none", **arguments)


def test_all_is_the_catalogue():
    functions = {n for n in ltr.metrics.__all__ if type(getattr(ltr.metrics, n)) is FunctionType}
    assert functions == set(catalogue) | HELPERS
    assert [metric.function.__name__ for metric in catalogue.values()] == list(catalogue)


def test_the_calibration_error_of_a_log_is_that_of_the_added_sums_of_its_lists():
    scores, labels, lengths = random_lists(30)
    sums = ltr.metrics.calibration_sums(scores, labels, lengths=lengths).sum(0)
    close(sums[:-1].abs().sum() / sums[-1], ltr.metrics.calibration_error(scores, labels))


@every_metric
@given(lists=lists_of_documents, data=st.data())
@settings(deadline=None, max_examples=12)
def test_ragged_is_padded_is_list_by_list(name, lists, data):
    scores, labels, lengths = columns(lists)
    drawn = st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=len(scores), max_size=len(scores))
    weights = torch.tensor(data.draw(drawn), dtype=torch.float64)
    ragged = per_list(name, scores, labels, weights=weights, lengths=lengths)
    # A label, a score and a weight in the padding that would win: the mask alone counts.
    rows, mask = pad(scores, lengths, 1.5)
    y, w = pad(labels, lengths, 4)[0], pad(weights, lengths, 9.0)[0]
    close(per_list(name, rows, y, weights=w, mask=mask), ragged)
    parts = zip(*(x.split(lengths.tolist()) for x in (scores, labels, weights)), strict=True)
    alone = [per_list(name, s, y, weights=w) for s, y, w in parts]
    close(torch.cat(alone), ragged)


@every_metric
@given(lists=lists_of_documents, data=st.data())
@settings(deadline=None, max_examples=12)
def test_the_order_of_rows_does_not_matter_even_with_ties(name, lists, data):
    shuffled = [data.draw(st.permutations(one)) for one in lists]
    found, again = (
        per_list(name, scores, labels, lengths=lengths)
        for scores, labels, lengths in (columns(lists), columns(shuffled))
    )
    close(found, again)


@every_metric
@given(lists=lists_of_documents)
@settings(deadline=None, max_examples=12)
def test_a_value_lies_between_0_and_the_largest_there_is(name, lists):
    scores, labels, lengths = columns(lists)
    found = per_list(name, scores, labels, lengths=lengths)
    largest = catalogue[name].largest or math.inf
    assert ((found >= 0) & (found <= largest) | found.isnan()).all()


@every_metric
def test_lists_of_very_different_lengths_have_the_values_they_have_alone(name):
    scores, labels, _ = random_lists(400, levels=9, longest=9)
    lengths = torch.tensor([900, 1, 0, 3, 2, 30, 17, 64, 65] + [1] * 200)
    docs = int(lengths.sum())
    scores, labels = scores[:docs], labels[:docs]
    ragged = per_list(name, scores, labels, lengths=lengths)
    parts = zip(scores.split(lengths.tolist()), labels.split(lengths.tolist()), strict=True)
    close(torch.cat([per_list(name, s, y) for s, y in parts]), ragged)


@every_metric
def test_compiled_without_a_graph_break_it_gives_the_same(name):
    # What a compiler sees is also what an accelerator runs: it may not look at values.
    torch.compiler.reset()
    scores, labels, lengths = random_lists(7, longest=5, levels=3)
    compiled = torch.compile(per_list, fullgraph=True, backend="eager", dynamic=False)
    expected = per_list(name, scores, labels, lengths=lengths)
    close(compiled(name, scores, labels, lengths=lengths), expected)
    rows, mask = pad(scores, lengths, 1.5)
    y = pad(labels, lengths, 4)[0]
    close(compiled(name, rows, y, mask=mask), expected)


@every_metric
@pytest.mark.parametrize("layout", ["one", "ragged", "padded"])
def test_runs_on_meta_so_nothing_waits_for_an_accelerator(name, layout):
    scores = torch.zeros((2, 6) if layout == "padded" else (12,), device="meta")
    lengths = torch.tensor([5, 7]).to("meta") if layout == "ragged" else None
    mask = torch.ones(2, 6, device="meta") > 0 if layout == "padded" else None
    labels = torch.zeros_like(scores, dtype=torch.uint8)
    found = per_list(name, scores, labels, lengths=lengths, mask=mask, weights=scores)
    assert found.device.type == "meta"
    assert found.shape[0] == (1 if layout == "one" else 2)
    assert call(name, scores, labels, lengths=lengths, mask=mask).device.type == "meta"


@every_metric
def test_a_blank_list_is_nan_and_the_mean_follows_the_policy(name):
    # The first list is blank for every metric: it has no documents.
    lengths = torch.tensor([0, 4, 3])
    scores = torch.tensor([0.1, 0.9, 0.8, 0.3, 0.9, 0.2, 0.4])
    labels = torch.tensor([1, 0, 2, 0, 0, 1, 0])
    found = per_list(name, scores, labels, lengths=lengths)
    assert found.isnan().view(3, -1).all(1).tolist() == [True, False, False]
    sums = found[1:].sum(0)
    if name == "group_auc":
        sums = (found[1:] * torch.tensor([4.0, 3.0])).sum() / 3.5
    for blank, expected in (("skip", sums / 2), ("zero", sums / 3), ("one", (sums + 1) / 3)):
        if name != "group_auc" or blank == "skip":
            mean = call(name, scores, labels, lengths=lengths, blank=blank)
            close(mean, expected)


@every_metric
def test_lists_without_a_relevant_document_are_never_perfect(name):
    found = per_list(name, torch.tensor([[0.3, 0.2], [0.1, 0.1]]), torch.zeros(2, 2))
    if name == "calibration_error":
        assert found.isfinite().all()
    else:
        assert found.isnan().all()


@every_metric
def test_no_documents_at_all_are_nan_in_every_layout(name):
    none = torch.zeros(0)
    assert per_list(name, none, none).isnan().all()
    assert call(name, none, none, lengths=torch.zeros(0, dtype=torch.int64)).isnan().all()
    assert per_list(name, torch.zeros(2, 0), torch.zeros(2, 0)).isnan().all()


@every_metric
def test_scores_below_0_are_retrieved_all_the_same(name):
    scores, labels, lengths = random_lists(30)
    if name == "calibration_error":
        return
    found = per_list(name, scores - 7, labels, lengths=lengths)
    close(found, per_list(name, scores, labels, lengths=lengths))


@every_metric
def test_scores_of_any_precision_are_ranked_as_they_are(name):
    scores, labels, lengths = random_lists(30, levels=4)
    expected = per_list(name, scores * 3 - 1, labels, lengths=lengths)
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        found = per_list(name, (scores * 3 - 1).to(dtype), labels, lengths=lengths)
        assert found.dtype == torch.float64
        close(found, expected, atol=1e-2 if name == "calibration_error" else 1e-12)


@every_metric
def test_leading_dimensions_are_lists(name):
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(2, 3, 5, generator=generator)
    labels = torch.randint(0, 3, (2, 3, 5), generator=generator)
    flat = per_list(name, scores.view(6, 5), labels.view(6, 5))
    found = per_list(name, scores, labels)
    close(found, flat.view(2, 3, *flat.shape[1:]))


@every_metric
def test_a_nan_score_makes_its_list_and_the_mean_nan(name):
    scores, labels = torch.tensor([[math.nan, 0.1], [0.2, 0.1]]), torch.tensor([[0, 1], [1, 0]])
    assert per_list(name, scores, labels)[0].isnan().all()
    assert call(name, scores, labels, blank="zero").isnan().all()
    flat = per_list(name, scores.flatten(), labels.flatten(), lengths=torch.tensor([2, 2]))
    assert flat[0].isnan().all()
    assert flat[1].isfinite().all()


@every_metric
def test_has_no_gradient(name):
    scores = torch.tensor([0.3, 0.1]).requires_grad_()
    assert not call(name, scores, torch.tensor([1, 0])).requires_grad


@with_list_weights
@pytest.mark.parametrize("scale", [1e-30, 1 / 3, 1e300])
def test_the_mean_is_weighted_and_the_scale_of_the_weights_does_not_matter(name, scale):
    scores, labels, lengths = random_lists(40)
    weights = torch.rand(40, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    values = per_list(name, scores, labels, lengths=lengths)
    known = ~values.reshape(40, -1).isnan().any(1)
    rows, w = values[known].reshape(int(known.sum()), -1), weights[known, None]
    found = call(name, scores, labels, lengths=lengths, list_weights=weights * scale)
    expected = ((rows * w).sum(0) / w.sum()).view(found.shape)
    close(found, expected)


@with_list_weights
@given(weights=st.lists(st.floats(0, 1e308), min_size=3, max_size=3))
@settings(deadline=None, max_examples=25)
def test_a_weighted_mean_of_perfect_lists_is_perfect(name, weights):
    scores, labels = torch.tensor([[0.9, 0.1]] * 3), torch.tensor([[4, 0]] * 3)
    weights = torch.tensor(weights, dtype=torch.float64)
    found = call(name, scores, labels, list_weights=weights)
    if not weights.any():
        assert found.isnan().all()
    elif catalogue[name].largest:
        assert (found <= 1).all()
    if name in ("ndcg", "auc", "recall") and weights.any():
        assert found.max().item() == 1


@with_weights
def test_weights_of_1_change_nothing_and_of_0_take_the_documents_relevance(name):
    scores, labels, lengths = random_lists(40)
    plain = per_list(name, scores, labels, lengths=lengths)
    ones = per_list(name, scores, labels, lengths=lengths, weights=torch.ones_like(scores))
    close(ones, plain)
    weights = (torch.arange(len(scores)) % 3 > 0).double()
    found = per_list(name, scores, labels, lengths=lengths, weights=weights)
    if name not in ("pair_accuracy", "auc", "group_auc", "calibration_error"):
        kept = per_list(name, scores, labels * weights.long(), lengths=lengths)
        close(found, kept)
        return
    keep = weights > 0
    remaining = torch.stack([part.sum() for part in keep.split(lengths.tolist())])
    kept = per_list(name, scores[keep], labels[keep], lengths=remaining)
    close(found, kept)


@every_metric
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": torch.tensor([math.nan, 1.0])}, "labels must be numbers; got 1 that are NaN"),
        ({"labels": torch.ones(3)}, r"labels must have the shape of scores, \[2\]; got \[3\]"),
        ({"blank": "drop"}, "blank must be one of .*got 'drop'"),
        ({"reduction": "sum"}, "reduction must be one of .*got 'sum'"),
        ({"lengths": torch.tensor([3])}, "lengths must add up to the 2 scores; got 3"),
        ({"list_weights": torch.ones(2)}, r"list_weights must be one weight per list, \[1\]"),
        ({"list_weights": torch.tensor([-1.0])}, "list_weights must be finite.*got -1"),
        ({"weights": torch.tensor([-1.0, 1])}, "weights must be finite and not negative; got -1"),
        ({"k": 0}, "k must be one or more ranks from 1.*got 0"),
        ({"k": []}, r"k must be one or more ranks from 1.*got \[\]"),
    ],
)
def test_an_argument_that_does_not_fit_is_named(name, arguments, message):
    inputs = {"scores": torch.tensor([0.3, 0.1]), "labels": torch.tensor([1, 0]), **arguments}
    if not all(catalogue[name].takes(key) for key in inputs):
        return
    with pytest.raises(ValueError, match=message):
        catalogue[name].function(inputs.pop("scores"), inputs.pop("labels"), **inputs)


@every_metric
def test_a_column_of_scores_is_refused(name):
    with pytest.raises(ValueError, match="squeeze"):
        call(name, torch.zeros(5, 1), torch.zeros(5, 1))


@with_k
def test_several_k_are_one_pass_and_keep_their_order(name):
    scores, labels, lengths = random_lists(20)
    found = per_list(name, scores, labels, lengths=lengths, k=(4, 1))
    alone = [per_list(name, scores, labels, lengths=lengths, k=k) for k in (4, 1)]
    close(found, torch.stack(alone, -1))


@with_k
def test_k_beyond_the_list_finds_what_the_whole_list_has(name):
    scores, labels, lengths = random_lists(20)
    found, whole = (per_list(name, scores, labels, lengths=lengths, k=k) for k in (12, None))
    if name == "precision":
        # The whole list is the list's own length; k is k.
        found = found * 12 / lengths
    close(found, whole)
