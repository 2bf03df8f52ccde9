"""An exported model gives the scores of the training forward, whatever model and columns."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import numpy as np
import polars as pl
import pytest
from numpy.typing import ArrayLike, NDArray

from ltr.exported import Exported, ExportedError
from ltr.exported.columns import encode
from ltr.training import ModelCard, load_ranker
from pipelines.jobs.export_check import batch_of
from pipelines.scoring import Ranker
from tests.scoring.golden import MODELS, Golden

QUERY = ("user", "device", "history", "ages", "hour")
"""What the models read of a query."""


def assert_same(scores: ArrayLike, golden: ArrayLike) -> None:
    # 32-bit floats of a score of 100 lie 8e-6 apart: above 1 the tolerance is relative.
    np.testing.assert_allclose(np.asarray(scores), np.asarray(golden), atol=1e-5, rtol=1e-5)


@pytest.fixture(scope="module", params=MODELS)
def each(request, trained_as: Callable[[str], Golden]) -> Golden:
    return trained_as(request.param)


def lengths_of(frame: pl.DataFrame) -> list[int]:
    return [len(list(rows)) for _, rows in groupby(frame["request"])]


def scored(golden: Golden, frame: pl.DataFrame) -> NDArray[np.float32]:
    exported = Exported.load(golden.run / "model.ltr")
    return exported.score(frame.to_dict(as_series=False), lengths_of(frame))


def test_the_scores_are_those_of_the_training_forward(each):
    assert_same(scored(each, each.frame), each.scores)


def test_the_ranker_of_the_library_agrees(each):
    assert_same(Ranker.load(each.model).score(each.frame), each.scores)
    assert_same(Ranker.load(each.model).score(each.frame), scored(each, each.frame))


def test_one_list_alone_is_scored_as_among_others(each):
    for request in (1000, 1001, 1007):
        rows = each.frame.with_columns(golden=each.scores).filter(request=request)
        assert_same(scored(each, rows), rows["golden"])


def test_a_query_may_be_told_once_a_list_and_lists_may_be_empty(each):
    rows = each.frame.head(30)
    lengths = lengths_of(rows)
    firsts = rows.unique("request", keep="first", maintain_order=True)
    told_once = {name: firsts[name].to_list() for name in QUERY}
    for values in told_once.values():
        values.insert(1, None)
    columns = rows.to_dict(as_series=False) | told_once
    exported = Exported.load(each.run / "model.ltr")
    found = exported.score(columns, [lengths[0], 0, *lengths[1:]])
    assert_same(found, scored(each, rows))
    assert exported.score({name: [] for name in columns}, []).shape == (0,)
    assert exported.score({name: [] for name in columns}).shape == (0,)


def test_vectors_of_queries_are_those_that_scores_are_products_of(trained_as):
    golden = trained_as("dot")
    frame = golden.frame
    firsts = frame.unique("request", keep="first", maintain_order=True)
    columns = {name: firsts[name].to_list() for name in QUERY}
    exported = Exported.load(golden.run / "model.ltr")
    queries = exported.query_vectors(columns)
    assert queries.shape == (len(firsts), 8)
    ranker = load_ranker(golden.model)
    encoded = encode(exported.columns, frame.to_dict(as_series=False), np.array(lengths_of(frame)))
    batch = batch_of(encoded, ModelCard.load(golden.model).features)
    assert_same(queries, ranker.query_vectors(batch).detach())  # type: ignore[operator]


def test_a_model_without_vectors_says_so(golden):
    columns = golden.frame.select(QUERY).to_dict(as_series=False)
    with pytest.raises(ExportedError, match="only where the score is a product"):
        Exported.load(golden.run / "model.ltr").query_vectors(columns)


def test_threads_may_share_a_model(golden):
    exported = Exported.load(golden.run / "model.ltr")
    columns, lengths = golden.frame.to_dict(as_series=False), lengths_of(golden.frame)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: exported.score(columns, lengths), range(12)))
    assert all((one == found[0]).all() for one in found)


def test_a_runtime_that_is_not_installed_is_named(golden, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match="onnxruntime"):
        Exported.load(golden.run / "model.ltr")


ALONE = """
import json, sys

FORBIDDEN = {"torch", "torchrec", "fbgemm_gpu", "polars", "pyarrow", "pydantic", "pipelines",
             "safetensors", "scipy", "pandas", "onnx", "onnxscript"}

class Refuse:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in FORBIDDEN:
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, Refuse())
from ltr.exported import Exported

columns, lengths = json.load(sys.stdin)
scores = Exported.load(sys.argv[1]).score(columns, lengths)
assert not FORBIDDEN & {name.partition(".")[0] for name in sys.modules}
print(json.dumps(scores.tolist()))
"""


def test_neither_torch_nor_torchrec_nor_polars_is_needed(golden):
    given = json.dumps([golden.frame.to_dict(as_series=False), lengths_of(golden.frame)])
    command = [sys.executable, "-c", ALONE, golden.run / "model.ltr"]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert_same(json.loads(done.stdout), golden.scores)
