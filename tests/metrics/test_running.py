"""Running means keep the bits of the whole, however the lists are cut, and constant memory."""

import math

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from ltr.metrics import RunningMean, auc, dcg, group_auc, ndcg, reciprocal_rank, regroup
from tests.metrics.lists import random_lists

SCORES, LABELS, LENGTHS = random_lists(90)
WEIGHTS = torch.rand(90, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


def batches(sizes):
    """The lists, cut into batches of so many lists."""
    docs = [int(part.sum()) for part in LENGTHS.split(sizes)]
    columns = SCORES.split(docs), LABELS.split(docs), LENGTHS.split(sizes), WEIGHTS.split(sizes)
    return list(zip(*columns, strict=True))


def running(metric, sizes, *, weighted=False, **arguments):
    mean = RunningMean(metric, **arguments)
    for scores, labels, lengths, weights in batches(sizes):
        mean.update(scores, labels, lengths=lengths, list_weights=weights if weighted else None)
    return mean


@pytest.mark.parametrize("blank", ["skip", "zero", "one"])
@pytest.mark.parametrize("weighted", [False, True])
def test_is_the_mean_over_all_lists(blank, weighted):
    weights = WEIGHTS if weighted else None
    for metric, arguments in ((ndcg, {"k": [1, 5]}), (dcg, {"gain": "linear"}), (auc, {})):
        found = running(metric, [40, 1, 49], weighted=weighted, **arguments).compute(blank)
        whole = metric(
            SCORES, LABELS, lengths=LENGTHS, list_weights=weights, blank=blank, **arguments
        )
        torch.testing.assert_close(found, whole, rtol=0, atol=1e-14)


def test_group_auc_brings_its_weights():
    found = running(group_auc, [30, 60]).compute()
    whole = group_auc(SCORES, LABELS, lengths=LENGTHS)
    torch.testing.assert_close(found, whole, rtol=0, atol=1e-14)


def test_any_cut_and_any_merge_give_the_same_bits():
    whole = running(ndcg, [90], weighted=True, k=[3, None])
    for sizes in ([1] * 90, [7, 83], [30, 30, 30]):
        assert torch.equal(
            running(ndcg, sizes, weighted=True, k=[3, None]).compute(), whole.compute()
        )
    halves = [RunningMean(ndcg, k=[3, None]) for _ in range(2)]
    for number, (scores, labels, lengths, weights) in enumerate(batches([9] * 10)):
        halves[number % 2].update(scores, labels, lengths=lengths, list_weights=weights)
    for merged in (halves[0].merge(halves[1]), halves[1].merge(halves[0])):
        assert torch.equal(merged.compute(), whole.compute())
        assert (merged.num_lists, merged.num_blank) == (whole.num_lists, whole.num_blank)


def test_keeps_sums_and_counts_only():
    mean = running(ndcg, [45, 45])
    tensors = [x for x in vars(mean).values() if isinstance(x, torch.Tensor)]
    assert sum(x.numel() for x in tensors) == 15


def test_counts_lists_and_blank_lists_but_none_of_weight_0():
    mean = RunningMean(ndcg)
    scores, labels = torch.tensor([[2.0, 1.0]] * 3), torch.tensor([[1, 0], [0, 0], [0, 1]])
    mean.update(scores, labels, list_weights=torch.tensor([1.0, 1.0, 0.0]))
    assert (mean.num_lists, mean.num_blank, mean.compute().item()) == (2, 1, 1.0)


def test_nothing_yet_is_nan_and_a_list_that_cannot_be_ranked_makes_the_mean_nan():
    mean = RunningMean(reciprocal_rank)
    assert mean.compute().isnan()
    mean.update(torch.tensor([1.0, 0.0]), torch.tensor([1, 0]))
    assert mean.compute().item() == 1
    mean.update(torch.tensor([math.nan, 0.0]), torch.tensor([1, 0]))
    assert mean.compute("zero").isnan()
    assert mean.num_blank == 0


def test_means_of_different_metrics_are_not_merged():
    with pytest.raises(ValueError, match=r"RunningMean\(ndcg, k=3\) and RunningMean\(ndcg\)"):
        RunningMean(ndcg, k=3).merge(RunningMean(ndcg))


def test_a_mean_that_is_1_is_exactly_1_with_any_weights():
    mean = RunningMean(ndcg)
    scores = torch.tensor([[3.0, 2.0, 1.0]] * 50)
    mean.update(scores, scores, list_weights=torch.rand(50) / 3)
    assert mean.compute().item() == 1


def test_regroup_sorts_documents_into_lists():
    queries = torch.tensor([7, -2, 7, 5, -2])
    found = regroup(queries, torch.arange(5), torch.rand(5))
    assert found.queries.tolist() == [-2, 5, 7]
    assert found.lengths.tolist() == [2, 1, 2]
    assert found.columns[0].tolist() == [1, 4, 3, 0, 2]


@pytest.mark.parametrize(
    ("queries", "column", "message"),
    [
        (torch.zeros(2), torch.zeros(2), "queries must be int64.*float32"),
        (torch.zeros(2, dtype=torch.int64), torch.zeros(3), r"shape of queries, \[2\]; got \[3\]"),
    ],
)
def test_regroup_names_what_does_not_fit(queries, column, message):
    with pytest.raises(ValueError, match=message):
        regroup(queries, column)


def evaluate_a_share(rank, store, queue):
    """Every other document is on this worker, so that hardly any list is on one alone."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    queries = torch.arange(len(LENGTHS)).repeat_interleave(LENGTHS) * 2
    mine = torch.arange(len(SCORES)) % 2 == rank
    lists = regroup(queries[mine], SCORES[mine], LABELS[mine])
    mean = RunningMean(ndcg, k=[3, None])
    mean.update(*lists.columns, lengths=lists.lengths)
    merged = mean.all_reduce()
    queue.put((lists.queries.tolist(), merged.compute().tolist(), merged.num_lists))
    dist.destroy_process_group()


def test_two_workers_with_halves_of_each_list_have_the_bits_of_one(tmp_path):
    context = mp.get_context("spawn")
    queue = context.Queue()
    workers = [
        context.Process(target=evaluate_a_share, args=(rank, tmp_path / "store", queue))
        for rank in range(2)
    ]
    for worker in workers:
        worker.start()
    found = [queue.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    whole = running(ndcg, [90], k=[3, None])
    for _, mean, num_lists in found:
        assert (mean, num_lists) == (whole.compute().tolist(), 90)
    shares = [set(queries) for queries, _, _ in found]
    assert shares[0] | shares[1] == set(range(0, 180, 2))
    assert not shares[0] & shares[1]
    # Even numbers only, and still both workers have their share.
    assert min(map(len, shares)) > 30
