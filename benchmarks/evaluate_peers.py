"""What a peer needs to measure a Parquet file: reading included, run as its own process.

    python evaluate_peers.py PEER FILE

Prints one JSON object: metric name to mean. Needs pyarrow and the peer only, so that it runs in an
environment of its own. Every list has a relevant document more often than not; a list without one
counts 0, and gains are linear, as in trec_eval.
"""

import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pyarrow.parquet as pq

Rows = Iterator[tuple[str, str, int, float]]


def rows(path: str) -> Rows:
    """Give query, document, grade and score of every row."""
    names = ["query", "document", "grade", "score"]
    table = pq.read_table(path, columns=names)
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def dictionaries(path: str) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]:
    """Return judgments and run as the dictionaries that these libraries take."""
    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    for query, document, grade, score in rows(path):
        qrels.setdefault(query, {})[document] = grade
        run.setdefault(query, {})[document] = score
    return qrels, run


def pytrec_eval(path: str) -> dict[str, float]:
    """trec_eval's own code, called from Python."""
    peer = import_module("pytrec_eval")

    qrels, run = dictionaries(path)
    names = {"ndcg_cut_1": "ndcg@1", "ndcg_cut_5": "ndcg@5", "ndcg_cut_10": "ndcg@10"} | {
        "recip_rank": "mrr",
        "map": "map",
    }
    wanted = {"ndcg_cut.1,5,10", "recip_rank", "map"}
    found = peer.RelevanceEvaluator(qrels, wanted).evaluate(run)
    lists = found.values()
    return {ours: sum(one[name] for one in lists) / len(found) for name, ours in names.items()}


def ir_measures(path: str) -> dict[str, float]:
    """ir_measures with its own choice of provider."""
    peer = import_module("ir_measures")

    qrels, run = dictionaries(path)
    wanted = {
        "nDCG@1": "ndcg@1",
        "nDCG@5": "ndcg@5",
        "nDCG@10": "ndcg@10",
        "RR": "mrr",
        "AP": "map",
    }
    found = peer.calc_aggregate([peer.parse_measure(name) for name in wanted], qrels, run)
    return {wanted[str(name)]: float(value) for name, value in found.items()}


def ranx(path: str) -> dict[str, float]:
    """ranx, its compilation included, as in every process that uses it."""
    peer = import_module("ranx")

    qrels, run = dictionaries(path)
    names = ["ndcg@1", "ndcg@5", "ndcg@10", "mrr", "map"]
    found = peer.evaluate(peer.Qrels(qrels), peer.Run(run), names)
    return {name: float(found[name]) for name in names}


def torchmetrics(path: str) -> dict[str, float]:
    """The retrieval metrics of torchmetrics on tensors, one number per query as its index."""
    import torch
    from torchmetrics import retrieval as peer

    table = pq.read_table(path, columns=["query", "grade", "score"])
    query = torch.from_numpy(table["query"].combine_chunks().dictionary_encode().indices.to_numpy())
    grade = torch.from_numpy(table["grade"].to_numpy().copy()).long()
    score = torch.from_numpy(table["score"].to_numpy().copy())
    # To MRR and MAP of torchmetrics 1.9 a document that scores 0 or less was not retrieved.
    score = score - score.min() + 1
    found: dict[str, Any] = {
        f"ndcg@{k}": peer.RetrievalNormalizedDCG(top_k=k)(score, grade, query.long())
        for k in (1, 5, 10)
    }
    found["mrr"] = peer.RetrievalMRR()(score, grade > 0, query.long())
    found["map"] = peer.RetrievalMAP()(score, grade > 0, query.long())
    return {name: float(value) for name, value in found.items()}


PEERS: dict[str, Callable[[str], dict[str, float]]] = {
    "pytrec_eval": pytrec_eval,
    "ir_measures": ir_measures,
    "ranx": ranx,
    "torchmetrics": torchmetrics,
}

if __name__ == "__main__":
    print(json.dumps(PEERS[sys.argv[1]](sys.argv[2])))
