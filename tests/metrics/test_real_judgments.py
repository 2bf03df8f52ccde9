"""The published numbers of real runs, to the digits given, through the trec_eval preset."""

from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from ltr.metrics import (
    average_precision,
    hit_rate,
    ndcg,
    precision,
    preset,
    rank_biased_precision,
    recall,
    reciprocal_rank,
)

DATA = Path(__file__).parents[2] / "../shared/data"
TREC = preset("trec_eval")
RULE = {"ties": TREC["ties"], "blank": TREC["blank"]}

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the shared judgments are not here")


class Judged(NamedTuple):
    """A run against its judgments: one list per judged query, by query."""

    queries: list[str]
    scores: Tensor
    labels: Tensor
    lengths: Tensor
    ids: Tensor
    ideal: dict[str, Tensor]

    def of(self, metric, **arguments):
        return metric(
            self.scores, self.labels, lengths=self.lengths, ids=self.ids, **RULE, **arguments
        )


def read(qrels, run, *, queries_of="qrels", deepest=None):
    """``queries_of`` "both" drops the judged queries that the run does not have."""
    grades: dict[str, dict[str, int]] = {}
    for line in (DATA / qrels).read_text().splitlines():
        query, _, document, grade = line.split()
        grades.setdefault(query, {})[document] = max(int(grade), 0)
    scored: dict[str, list[tuple[float, str]]] = {query: [] for query in grades}
    for line in (DATA / run).read_text().splitlines():
        query, _, document, _, score = line.split()[:5]
        if query in scored:
            scored[query].append((float(score), document))
    if deepest is not None:
        scored = {q: sorted(docs, reverse=True)[:deepest] for q, docs in scored.items()}
    queries = sorted(q for q in grades if scored[q] or queries_of == "qrels")
    rows = [(query, *row) for query in queries for row in scored[query]]
    # In the order of names: the higher id is the name that trec_eval puts first.
    place = {name: i for i, name in enumerate(sorted({name for _, _, name in rows}))}
    return Judged(
        queries,
        torch.tensor([score for _, score, _ in rows], dtype=torch.float64),
        torch.tensor([grades[query].get(name, 0) for query, _, name in rows]),
        torch.tensor([len(scored[query]) for query in queries]),
        torch.tensor([place[name] for _, _, name in rows]),
        {
            "ideal_labels": torch.tensor([y for q in queries for y in grades[q].values()]),
            "ideal_lengths": torch.tensor([len(grades[q]) for q in queries]),
        },
    )


def measures(judged, relevant_from=1):
    """The measures of trec_eval that are ours, one value per list, by trec_eval's name."""
    rel = {"relevant_from": relevant_from}
    depths = [5, 10, 15, 20, 30, 100, 200, 500, 1000]
    found: dict[str, Tensor] = {}
    for name, metric, ideal in (
        ("P", precision, {}),
        ("recall", recall, judged.ideal),
        ("success", hit_rate, {}),
        ("map_cut", average_precision, judged.ideal),
    ):
        values = judged.of(metric, k=depths, **rel, **ideal, reduction="none")
        found |= {f"{name}_{k}": values[:, i] for i, k in enumerate(depths)}
    linear = {"gain": TREC["gain"], **judged.ideal, "reduction": "none"}
    cut = judged.of(ndcg, k=depths, **linear)
    found |= {f"ndcg_cut_{k}": cut[:, i] for i, k in enumerate(depths)}
    found["ndcg"] = judged.of(ndcg, **linear)
    found["map"] = judged.of(average_precision, **rel, **judged.ideal, reduction="none")
    found["recip_rank"] = judged.of(reciprocal_rank, **rel, reduction="none")
    return found


def expected(name):
    """(measure, query) to the number as it is printed."""
    lines = (DATA / "trec_eval_test" / name).read_text().splitlines()
    rows = (line.split() for line in lines)
    return {(measure, query): value for measure, query, value in rows}


def agrees(found, printed):
    digits = len(printed.partition(".")[2])
    return abs(float(found) - float(printed)) <= 0.5 * 10**-digits + 1e-9


@pytest.mark.parametrize(
    ("out", "qrels", "run", "how", "relevant_from"),
    [
        ("out.test", "qrels.test", "results.test", {}, 1),
        ("out.test.a", "qrels.test", "results.test", {}, 1),
        ("out.test.aq", "qrels.test", "results.test", {}, 1),
        ("out.test.aqc", "qrels.test", "results.trunc", {}, 1),
        ("out.test.aqcM", "qrels.test", "results.trunc", {"deepest": 100}, 1),
        ("out.test.aql", "qrels.rel_level", "results.test", {"queries_of": "both"}, 2),
    ],
)
def test_trec_eval_s_own_expected_files(out, qrels, run, how, relevant_from):
    judged = read(f"trec_eval_test/{qrels}", f"trec_eval_test/{run}", **how)
    found, checked = measures(judged, relevant_from), 0
    for (measure, query), printed in expected(out).items():
        if measure not in found:
            continue
        values = found[measure].nan_to_num(0.0)
        value = values.mean() if query == "all" else values[judged.queries.index(query)]
        assert agrees(value, printed), (measure, query, float(value), printed)
        checked += 1
    assert checked >= 10


def test_pytrec_eval_s_ndcg_of_trec_eval_s_test_run():
    judged = read("trec_eval_test/qrels.test", "trec_eval_test/results.test")
    linear = {"gain": "linear", **judged.ideal}
    assert (
        f"{judged.of(ndcg, **linear):.4f} {judged.of(ndcg, k=10, **linear):.4f}" == "0.4021 0.3016"
    )


def test_trec_dl_2019_bm25():
    judged = read(
        "trec_dl19/qrels.dl19-passage.txt", "trec_dl19/run.msmarco-v1-passage.bm25-default.dl19.txt"
    )
    found = {
        "AP -l 2": judged.of(average_precision, relevant_from=2, **judged.ideal),
        "nDCG@10": judged.of(ndcg, k=10, gain="linear", **judged.ideal),
        "R@100 -l 2": judged.of(recall, k=100, relevant_from=2, **judged.ideal),
        "R@1000 -l 2": judged.of(recall, k=1000, relevant_from=2, **judged.ideal),
        "map": judged.of(average_precision, **judged.ideal),
        "recip_rank -l 2": judged.of(reciprocal_rank, relevant_from=2),
    }
    assert {name: f"{value:.4f}" for name, value in found.items()} == {
        "AP -l 2": "0.3013",
        "nDCG@10": "0.5058",
        "R@100 -l 2": "0.4910",
        "R@1000 -l 2": "0.7501",
        "map": "0.3773",
        "recip_rank -l 2": "0.7036",
    }


def test_trec_covid_bm25():
    judged = read(
        "trec_covid/qrels.beir-v1.0.0-trec-covid.test.txt",
        "trec_covid/run.beir.bm25-flat.trec-covid.txt",
    )
    found = {
        "nDCG@10": judged.of(ndcg, k=10, gain="linear", **judged.ideal),
        "R@100": judged.of(recall, k=100, **judged.ideal),
        "R@1000": judged.of(recall, k=1000, **judged.ideal),
        "map": judged.of(average_precision, **judged.ideal),
        "P_10": judged.of(precision, k=10),
    }
    assert {name: f"{value:.4f}" for name, value in found.items()} == {
        "nDCG@10": "0.5947",
        "R@100": "0.1091",
        "R@1000": "0.3955",
        "map": "0.1871",
        "P_10": "0.6440",
    }


def test_ir_measures_small_topics():
    judged = read("ir_measures_tests/cwl.qrels", "ir_measures_tests/cwl.run")
    cuts = judged.of(precision, k=[1, 5, 10, 20], reduction="none")
    found = {
        "AP": judged.of(average_precision, **judged.ideal, reduction="none"),
        **{f"P@{k}": cuts[:, i] for i, k in enumerate((1, 5, 10, 20))},
        "RR": judged.of(reciprocal_rank, reduction="none"),
        "RBP": judged.of(rank_biased_precision, persistence=0.9, reduction="none"),
    }
    assert {name: [round(x, 4) for x in value.tolist()] for name, value in found.items()} == {
        "AP": [0.7087, 0.7438, 0.3068],
        "P@1": [1, 1, 0],
        "P@5": [0.6, 0.6, 0],
        "P@10": [0.5, 0.6, 0.4],
        "P@20": [0.25, 0.3, 0.2],
        "RR": [1, 1, 0.1667],
        "RBP": [0.3501, 0.3996, 0.1988],
    }


def test_gdeval_s_exponential_gain():
    scores = torch.tensor([0.8, 0.7, 0.4, 0.3, 0.1, 0.8, 0.7, 0.4, 0.3])
    labels = torch.tensor([0, 1, 2, 1, 0, 0, 2, 0, 0])
    # Two documents judged for the second query are not scored.
    found = ndcg(
        scores,
        labels,
        k=[20, 2],
        lengths=torch.tensor([5, 4]),
        ideal_labels=torch.tensor([0, 1, 1, 2, 0, 1, 2, 2]),
        ideal_lengths=torch.tensor([5, 3]),
        reduction="none",
    )
    assert found[:, 0].tolist() == pytest.approx([0.6201, 0.35099], abs=5e-5)
    assert found[:, 1].tolist() == pytest.approx([0.17377, 0.38685], abs=5e-6)
