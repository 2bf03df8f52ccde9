import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from pipelines.table import quick
from pipelines.table.columns import JUDGED, LABEL, PROPENSITY, QUERY, SCORE
from pipelines.table.metrics import OPTIONS, Scoring, parameters, tensor_values
from pipelines.table.names import FAMILIES, TAKES, parse_metrics
from pipelines.table.quick import is_quick, quick_values

METRICS = parse_metrics("ndcg,ndcg@1,ndcg@5,ndcg@100,mrr,mrr@3,map,map@4")
PARTS = [QUERY, LABEL, SCORE]


def values_of_both(scores, labels, lengths, arguments):
    given = {"scores": scores, "labels": labels, "lengths": lengths}
    tensors = {name: torch.from_numpy(array) for name, array in given.items()}
    usual = tensor_values(tensors, Scoring(metrics=METRICS, arguments=arguments))
    here = quick_values(scores, labels, lengths, METRICS, arguments)
    return dict(here), {name: values.numpy() for name, values in usual}


@pytest.mark.parametrize("arguments", [{}, {"gain": "linear"}, {"relevant_from": 2}])
@pytest.mark.parametrize("is_tied", [False, True])
@pytest.mark.parametrize("lengths", [[7] * 200, [*range(1, 60)], [1, 1, 1], [3, 1, 900, 2]])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_value_is_that_of_the_library(monkeypatch, arguments, is_tied, lengths, dtype):
    monkeypatch.setattr(quick, "AT_A_TIME", 100)
    rng, docs = np.random.default_rng(sum(lengths)), sum(lengths)
    scores = rng.integers(-2, 3, docs) if is_tied else rng.normal(size=docs)
    labels = rng.choice(5, docs, p=[0.8, 0.1, 0.05, 0.03, 0.02]).astype(np.float32)
    ours, usual = values_of_both(scores.astype(dtype), labels, np.array(lengths), arguments)
    assert [*ours] == [metric.name for metric in METRICS]
    for name, values in ours.items():
        np.testing.assert_allclose(values, usual[name], rtol=0, atol=1e-12, err_msg=name)


def test_a_document_ranked_last_is_above_padding():
    scores = np.array([np.finfo(np.float64).min, 1.0, 0.0, 2.0, 1.0])
    ours, usual = values_of_both(scores, np.ones(5), np.array([2, 3]), {})
    for name, values in ours.items():
        np.testing.assert_allclose(values, usual[name], rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    ("metrics", "arguments", "parts"),
    [
        ("ndcg,p@5", {}, PARTS),
        ("ndcg", {"gain": (0.0, 1.0)}, PARTS),
        ("mrr", {"ties": "worst"}, PARTS),
        ("map", {"relevant_from": 0}, PARTS),
        ("ndcg", {}, [*PARTS, PROPENSITY]),
        ("ndcg", {}, [*PARTS, JUDGED]),
    ],
)
def test_all_else_is_left_to_the_library(metrics, arguments, parts):
    assert is_quick(METRICS, {"ties": "averaged", "gain": "exp2"}, PARTS)
    assert not is_quick(parse_metrics(metrics), arguments, parts)


@pytest.mark.parametrize(("option", "argument"), OPTIONS.items())
def test_what_an_option_concerns_is_what_takes_its_argument(option, argument):
    assert TAKES[option] == {name for name in FAMILIES.values() if argument in parameters(name)}


def test_the_usual_metrics_of_a_table_are_measured_without_torch(tmp_path):
    pl.DataFrame({"q": [1, 1, 2], "y": [0, 1, 1], "s": [0.2, 0.1, 0.3]}).write_csv(
        tmp_path / "scored.csv"
    )
    code = (
        "import sys; sys.modules['torch'] = None; sys.argv[0] = 'ltr';"
        "from pipelines.entry import main; sys.exit(main())"
    )
    options = ["--query", "q", "--label", "y", "--score", "s", "--resamples", "0"]
    done = subprocess.run(
        [sys.executable, "-c", code, "evaluate", str(tmp_path / "scored.csv"), *options],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "mrr      0.7500  over 2 lists" in done.stdout
