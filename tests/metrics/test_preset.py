"""Each preset against the tool itself, on lists with ties, blank ones and single documents."""

import math
import warnings
from importlib import import_module

import pytest
import torch

from ltr.metrics import average_precision, ndcg, preset, recall
from tests.metrics.lists import random_lists

K = 5
SCORES, LABELS, LENGTHS = random_lists(120)
NOT_PINNED = "{} is too heavy to be pinned: it is compared where it is installed"


def ours(name, scores=SCORES, k=K, **arguments):
    return ndcg(
        scores, LABELS, k=k, lengths=LENGTHS, **preset(name), reduction="none", **arguments
    ).nan_to_num({"zero": 0.0, "one": 1.0}[preset(name)["blank"]])


def tool(name):
    with warnings.catch_warnings():
        # What a tool warns of on import is its own matter.
        warnings.simplefilter("ignore")
        if name in ("ranx", "xgboost"):
            return pytest.importorskip(name, reason=NOT_PINNED.format(name))
        return import_module(name)


def per_list(*columns):
    return zip(*(column.split(LENGTHS.tolist()) for column in columns), strict=True)


def close(found, expected):
    assert found.tolist() == pytest.approx(expected, abs=1e-6)


def test_sklearn():
    metrics = tool("sklearn.metrics")
    found = ours("sklearn")
    expected = [
        # A list of one document is an error there.
        metrics.ndcg_score(y[None].numpy(), s[None].numpy(), k=K) if len(y) > 1 else value.item()
        for (s, y), value in zip(per_list(SCORES, LABELS), found, strict=True)
    ]
    close(found, expected)


def test_torchmetrics():
    retrieval = tool("torchmetrics.functional.retrieval")
    scores = SCORES
    if not hasattr(tool("torchmetrics.functional.retrieval.ndcg"), "_tie_average_dcg"):
        # Old versions leave ties to an unstable sort.
        scores = SCORES - torch.arange(len(SCORES)) * 1e-6
    expected = [
        retrieval.retrieval_normalized_dcg(s, y, top_k=min(K, len(y))).item()
        for s, y in per_list(scores, LABELS)
    ]
    close(ours("torchmetrics", scores=scores), expected)


def test_lightgbm():
    lightgbm = tool("lightgbm")
    result: dict[str, dict[str, list[float]]] = {}
    data = lightgbm.Dataset(
        torch.zeros(len(SCORES), 1).numpy(),
        label=LABELS.numpy(),
        group=LENGTHS.numpy(),
        init_score=SCORES.numpy(),
    )
    # No split is possible on a constant feature: what is evaluated is the initial score.
    parameters = {"objective": "lambdarank", "metric": "ndcg", "eval_at": [K], "verbose": -1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lightgbm.train(
            {**parameters, "num_threads": 1, "learning_rate": 1e-300},
            data,
            num_boost_round=1,
            valid_sets=[data],
            callbacks=[lightgbm.record_evaluation(result)],
        )
    assert ours("lightgbm").mean().item() == pytest.approx(
        result["training"][f"ndcg@{K}"][0], abs=1e-6
    )


def test_xgboost():
    xgboost = tool("xgboost")
    data = xgboost.DMatrix(torch.zeros(len(SCORES), 1).numpy(), label=LABELS.numpy())
    data.set_group(LENGTHS.numpy())
    data.set_base_margin(SCORES.numpy())
    names = [f"ndcg@{K}", "ndcg", f"ndcg@{K}-"]
    model = xgboost.train(
        {"objective": "rank:ndcg", "eval_metric": names, "nthread": 1}, data, num_boost_round=0
    )
    printed = dict(part.rsplit(":", 1) for part in model.eval_set([(data, "x")], 0).split()[1:])
    rules = preset("xgboost")
    rules["blank"] = "zero"
    zero = ndcg(SCORES, LABELS, k=K, lengths=LENGTHS, **rules)
    found = [ours("xgboost").mean(), ours("xgboost", k=None).mean(), zero]
    close(torch.stack(found), [float(printed[f"x-{name}"]) for name in names])


def test_trec_eval():
    pytrec_eval = tool("pytrec_eval")
    ids = torch.randperm(len(SCORES), generator=torch.Generator().manual_seed(3))
    qrels, run = trec(ids)
    measures = {f"ndcg_cut.{K}", "ndcg", f"recall.{K}", "map"}
    result = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    judged = [grades for query, grades in qrels.items() if query in run]
    ideal = {
        "ideal_labels": torch.tensor([y for grades in judged for y in grades.values()]),
        "ideal_lengths": torch.tensor([len(grades) for grades in judged]),
    }
    close(ours("trec_eval", ids=ids, **ideal), [x[f"ndcg_cut_{K}"] for x in result.values()])
    close(ours("trec_eval", ids=ids, k=None, **ideal), [x["ndcg"] for x in result.values()])
    others = {"lengths": LENGTHS, "ties": "document_id", "ids": ids, "reduction": "none", **ideal}
    for metric, k, name in ((recall, K, f"recall_{K}"), (average_precision, None, "map")):
        found = metric(SCORES, LABELS, k=k, **others).nan_to_num(0.0)
        close(found, [x[name] for x in result.values()])


def test_ir_measures_counts_a_query_that_is_missing_from_the_run_as_0():
    ir_measures = tool("ir_measures")
    tool("pytrec_eval")
    ids = torch.arange(len(SCORES))
    qrels, run = trec(ids)
    qrels["not in the run"] = {"d00000": 1}
    ideal = {
        "ideal_labels": torch.tensor([y for grades in qrels.values() for y in grades.values()]),
        "ideal_lengths": torch.tensor([len(grades) for grades in qrels.values()]),
    }
    lengths = torch.cat([LENGTHS, torch.tensor([0])])
    mean = ndcg(
        SCORES,
        LABELS,
        k=K,
        lengths=lengths,
        ids=ids,
        ideal_labels=ideal["ideal_labels"],
        ideal_lengths=ideal["ideal_lengths"],
        **preset("trec_eval"),
    )
    measure = ir_measures.nDCG @ K
    expected = ir_measures.calc_aggregate([measure], qrels, run)[measure]
    assert mean.item() == pytest.approx(expected, abs=1e-6)


def trec(ids):
    """Judgments, of two documents more than are scored in every list, and the run."""
    names = [f"d{number:05d}" for number in ids.tolist()]
    queries = [f"q{number:04d}" for number in range(len(LENGTHS))]
    of = [query for query, n in zip(queries, LENGTHS.tolist(), strict=True) for _ in range(n)]
    run: dict[str, dict[str, float]] = {query: {} for query in queries}
    qrels: dict[str, dict[str, int]] = {query: {"x1": 0, "x2": int(query[1:]) % 3} for query in run}
    rows = zip(of, names, SCORES.tolist(), LABELS.tolist(), strict=True)
    for query, name, score, label in rows:
        run[query][name], qrels[query][name] = score, label
    return qrels, run


@pytest.mark.parametrize(("name", "metric"), [("ranx", "ndcg"), ("ranx_burges", "ndcg_burges")])
def test_ranx(name, metric):
    ranx = tool("ranx")
    names = [f"d{number:05d}" for number in range(len(SCORES))]
    queries = [f"q{number:04d}" for number in range(len(LENGTHS))]
    split = torch.arange(len(SCORES)).split(LENGTHS.tolist())
    rows = {q: part.tolist() for q, part in zip(queries, split, strict=True)}
    run = ranx.Run({q: {names[i]: SCORES[i].item() for i in part} for q, part in rows.items()})
    qrels = ranx.Qrels({q: {names[i]: LABELS[i].item() for i in part} for q, part in rows.items()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ranx.evaluate(qrels, run, f"{metric}@{K}")
    close(ours(name), [run.scores[f"{metric}@{K}"][query] for query in queries])


def formula(labels, k, gain, order):
    """NDCG of the labels in ``order``, None for a blank list."""

    def dcg(grades):
        return sum(gain(y) / math.log2(r + 1) for r, y in enumerate(grades[:k], start=1))

    best = dcg(sorted(labels, reverse=True))
    return dcg([labels[i] for i in order]) / best if best else None


@pytest.mark.parametrize(
    ("name", "gain", "worst", "blank"),
    [("catboost", lambda y: y, True, 1.0), ("tf_ranking", lambda y: 2**y - 1, False, 0.0)],
)
def test_the_documented_formula_of_what_is_too_heavy_to_install(name, gain, worst, blank):
    expected = []
    for s, y in per_list(SCORES, LABELS):
        labels, scores = y.tolist(), s.tolist()
        order = sorted(range(len(labels)), key=lambda i: (-scores[i], labels[i] if worst else 0))
        value = formula(labels, K, gain, order)
        expected.append(blank if value is None else value)
    close(ours(name), expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sklearn", 0.81),
        ("ranx", 1.0),
        ("lightgbm", 1.0),
        ("trec_eval", 0.6199),
    ],
)
def test_constant_scores_have_the_value_that_the_tie_rule_gives(name, expected):
    ids = torch.arange(3) if name == "trec_eval" else None
    found = ndcg(torch.zeros(3), torch.tensor([2, 1, 0]), **preset(name), ids=ids)
    assert found.item() == pytest.approx(expected, abs=5e-5)


def test_the_worst_case_of_constant_scores_with_exponential_gain():
    found = ndcg(torch.zeros(3), torch.tensor([2, 1, 0]), ties="worst", gain="exp2")
    assert found.item() == pytest.approx(0.5869, abs=5e-5)


def test_an_unknown_preset_is_named():
    with pytest.raises(ValueError, match=r"preset must be one of .*'lightgbm'.*got 'xgb'"):
        preset("xgb")  # type: ignore[arg-type]
