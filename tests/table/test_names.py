import pytest

from ltr.metrics import catalogue
from pipelines.errors import TableError
from pipelines.table.names import FAMILIES, LOWER_IS_BETTER, WITHOUT_K, parse_metrics


def test_a_metric_is_read_with_its_k_and_its_arguments():
    [one] = parse_metrics("rbp(p=0.8)@20")
    assert (one.name, one.function, one.k) == ("rbp(p=0.8)@20", "rank_biased_precision", 20)
    assert one.arguments == {"persistence": 0.8}


def test_the_names_of_other_tools_are_known():
    functions = [one.function for one in parse_metrics("MAP,recip_rank,P@5,success@1")]
    assert functions == ["average_precision", "reciprocal_rank", "precision", "hit_rate"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ndcg@0", "k must be a whole number from 1; got 'ndcg@0'"),
        ("ndcg@-3", "k must be a whole number from 1"),
        ("ndcg@ten", "k must be a whole number from 1"),
        ("auc@10", "auc counts all ranks and takes no k"),
        ("", "must name metrics, each once"),
        ("mrr,mrr", "must name metrics, each once"),
        ("ndgc@5", "unknown metric 'ndgc'; did you mean 'ndcg'"),
        ("rbp(q=1)", "rank_biased_precision has the arguments p; got 'q'"),
        ("rbp(p=x)", "an argument reads like p=0.8"),
        ("ndcg 10", "a metric reads like ndcg@10"),
    ],
)
def test_what_is_no_metric_is_said(text, message):
    with pytest.raises(TableError, match=message.replace("(", r"\(")):
        parse_metrics(text)


def test_every_metric_of_the_library_can_be_asked_for_and_is_known_for_what_it_is():
    assert set(FAMILIES.values()) == set(catalogue)
    assert {name for name, one in catalogue.items() if not one.takes("k")} == WITHOUT_K
    assert {n for n, one in catalogue.items() if not one.higher_is_better} == LOWER_IS_BETTER


def test_bins_are_a_whole_number():
    [one] = parse_metrics("ece(bins=10)")
    assert one.arguments == {"bins": 10}
    assert type(one.arguments["bins"]) is int
